import { afterAll, beforeAll } from 'vitest';
import { describeClient, describeRestart, scriptOptions } from '../support/client-script.ts';
import { mqttJs } from '../support/mqtt-js-kind.ts';
import { ServerProcess, transports } from '../support/server-process.ts';

const kinds = transports.flatMap((transport) =>
  ([3, 4, 5] as const).map((version) => mqttJs(transport, version)),
);

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start(scriptOptions);
});

afterAll(() => server.remove());

for (const kind of kinds) describeClient(kind, () => server);
describeRestart(kinds, 'SIGTERM', () => server);
describeRestart(kinds, 'SIGKILL', () => server);
