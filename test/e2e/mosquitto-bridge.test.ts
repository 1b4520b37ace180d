import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createBroker } from '@sluice/core';
import mqtt, { type MqttClient } from 'mqtt';
import { describe, expect, onTestFinished } from 'vitest';
import { mosquitto, startMosquitto } from '../differential/brokers.ts';
import { foreignTest } from '../support/foreign.ts';
import { host } from '../support/server-process.ts';

async function aClient(port: number) {
  const client = await mqtt.connectAsync({ host, port, protocolVersion: 4 });
  onTestFinished(() => client.endAsync(true));
  return client;
}

const payloadOf = (client: MqttClient): Promise<string> =>
  new Promise((resolve) => client.once('message', (_, payload) => resolve(payload.toString())));

describe('a bridge of Mosquitto as it is by default', () => {
  for (const version of ['mqttv311', 'mqttv50'])
    foreignTest(
      [mosquitto],
      `is up, carries both ways, and tells its end: ${version}`,
      async () => {
        const broker = await createBroker();
        onTestFinished(() => broker.close({ graceMs: 0 }));
        const server = createServer({ noDelay: true }, broker.handle).listen(0, host);
        onTestFinished(() => void server.close());
        await once(server, 'listening');
        const states = broker.subscribe('$SYS/broker/connection/+/state')[Symbol.asyncIterator]();

        const { port } = server.address() as AddressInfo;
        const far = await startMosquitto([
          'connection hall',
          `address ${host}:${port}`,
          `bridge_protocol_version ${version}`,
          // It comes with a level of its own first, and again with that of the standard.
          'restart_timeout 1',
          'topic up/# out 1',
          'topic down/# in 1',
        ]);
        let isOpen = true;
        const closeFar = () => (isOpen ? far.close() : undefined);
        onTestFinished(closeFar);
        const up = (await states.next()).value;
        expect([up.topic.split('.').at(-1), String(up.payload), up.retain]).toEqual([
          'hall/state',
          '1',
          true,
        ]);

        const [here, there] = [await aClient(port), await aClient(far.port)];
        await here.subscribeAsync('up/#', { qos: 1 });
        await there.subscribeAsync('down/#', { qos: 1 });
        const carried = payloadOf(here);
        await there.publishAsync('up/a', 'from there', { qos: 1 });
        expect(await carried).toBe('from there');
        const fetched = payloadOf(there);
        await here.publishAsync('down/a', 'from here', { qos: 1 });
        expect(await fetched).toBe('from here');

        await far.close();
        isOpen = false;
        expect(String((await states.next()).value.payload)).toBe('0');
      },
    );
});
