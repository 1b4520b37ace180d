import { afterAll, beforeAll } from 'vitest';
import {
  describeClient,
  describeMixture,
  describeRestart,
  scriptOptions,
} from '../support/client-script.ts';
import { mosquitto } from '../support/mosquitto-kind.ts';
import { mqttJs } from '../support/mqtt-js-kind.ts';
import { pythonKind } from '../support/python-kind.ts';
import { ServerProcess } from '../support/server-process.ts';

const kinds = [
  ...([3, 4, 5] as const).map((version) => mosquitto('tcp', version)),
  ...([3, 4, 5] as const).map((version) => mosquitto('tls', version)),
  pythonKind('paho-mqtt', 'tcp', 4),
  pythonKind('paho-mqtt', 'tcp', 5),
  pythonKind('paho-mqtt', 'wss', 5),
  pythonKind('asyncio-mqtt', 'tcp', 4),
  pythonKind('asyncio-mqtt', 'tcp', 5),
];

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(scriptOptions);
});

afterAll(() => server.remove());

for (const kind of kinds) describeClient(kind, () => server);
describeMixture([...kinds, mqttJs('ws', 3), mqttJs('tls', 4), mqttJs('wss', 5)], () => server);
describeRestart(kinds, 'SIGTERM', () => server);
describeRestart(kinds, 'SIGKILL', () => server);
