import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { MqttClient } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { auth } from '../src/auth.ts';
import { connectWithScram } from './mqtt-js-scram.ts';
import { brokerWith } from './raw-client.ts';
import { keysOf } from './scram-client.ts';

/** Port of a broker that listens, and the sockets it took. */
async function listening(): Promise<{ url: string; sockets: Socket[] }> {
  const broker = await brokerWith(
    auth({ users: { users: [{ name: 'anna', scram: keysOf('right') }] } }),
  );
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    broker.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

function connected(client: MqttClient): Promise<unknown> {
  return new Promise((resolve) => client.once('connect', resolve));
}

it('the client of the README is the one that is tested here', async () => {
  const [readme, client] = await Promise.all([
    readFile(new URL('../README.md', import.meta.url), 'utf8'),
    readFile(new URL('mqtt-js-scram.ts', import.meta.url), 'utf8'),
  ]);
  const blocks = Array.from(readme.matchAll(/^```ts\n(.*?)^```/gms), ([, code]) => code);
  expect(blocks.find((code) => code?.includes('connectWithScram'))).toBe(client);
});

it('MQTT.js logs in by SCRAM, and again when its connection is lost', async () => {
  const { url, sockets } = await listening();
  const client = connectWithScram(url, 'anna', 'right');
  onTestFinished(() => {
    client.end(true);
  });
  await connected(client);
  client.options.reconnectPeriod = 1;
  sockets[0]?.destroy();
  await connected(client);
  expect(sockets).toHaveLength(2);
});

it('MQTT.js with a wrong password is refused', async () => {
  const { url } = await listening();
  const client = connectWithScram(url, 'anna', 'wrong');
  onTestFinished(() => {
    client.end(true);
  });
  const error = await new Promise((resolve) => client.once('error', resolve));
  expect(error).toMatchObject({ code: 0x87 });
});
