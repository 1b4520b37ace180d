import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Broker, createBroker } from '@sluice/core';
import type { Qos } from '@sluice/packet';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portOf } from '../../packages/server/test/ports.ts';
import { Inbox } from '../support/inbox.ts';
import { versionOptions } from '../support/mqtt-js-kind.ts';
import { host } from '../support/server-process.ts';

const levels = [0, 1, 2] as const;

let broker: Broker;
let server: Server;

beforeAll(async () => {
  broker = await createBroker();
  server = createServer(broker.handle).listen(0, host);
  await once(server, 'listening');
});

afterAll(async () => {
  await broker.close();
  server.close();
});

interface Listener {
  readonly client: MqttClient;
  readonly inbox: Inbox<IPublishPacket>;
}

async function connected(version: 4 | 5 = 5): Promise<Listener> {
  const options: IClientOptions = { host, port: portOf(server), ...versionOptions(version) };
  const client = await mqtt.connectAsync(`mqtt://${host}:${portOf(server)}`, options);
  const inbox = new Inbox<IPublishPacket>();
  client.on('message', (_topic, _payload, packet) => inbox.push(packet));
  return { client, inbox };
}

const pairs = levels.flatMap((published) => levels.map((granted) => [published, granted] as const));

test.each(pairs)('published at %d, subscribed at %d: the lower one', async (published, granted) => {
  const topic = `lower/${published}/${granted}`;
  const { client, inbox } = await connected();
  await client.subscribeAsync(topic, { qos: granted });
  await client.publishAsync(topic, '', { qos: published });
  expect((await inbox.next()).qos).toBe(Math.min(published, granted));
  await client.endAsync();
});

test.each([4, 5] as const)(
  'overlapping subscriptions bring one copy, at the highest QoS (%d)',
  async (version) => {
    const { client, inbox } = await connected(version);
    const identified = (subscriptionIdentifier: number) =>
      version === 5 ? { properties: { subscriptionIdentifier } } : {};
    const filters: [string, Qos][] = [
      ['over/#', 0],
      ['over/+/lap', 2],
      ['over/+/#', 1],
    ];
    for (const [index, [filter, qos]] of filters.entries()) {
      await client.subscribeAsync(filter, { qos, ...identified(index + 1) });
    }
    await client.publishAsync('over/the/lap', 'once', { qos: 2 });
    await client.publishAsync('over', 'last', { qos: 2 });
    const [first, second] = await inbox.take(2);
    expect(first).toMatchObject({ topic: 'over/the/lap', qos: 2 });
    expect(second).toMatchObject({ topic: 'over', qos: 0 });
    if (version === 5) {
      const identifiers = [first?.properties?.subscriptionIdentifier ?? []].flat();
      expect(identifiers.toSorted()).toEqual([1, 2, 3]);
      expect(second?.properties?.subscriptionIdentifier).toBe(1);
    }
    await client.endAsync();
  },
);

test('topics that begin with $ are hidden from wildcards in first place, live and retained', async () => {
  const { client, inbox } = await connected();
  await client.publishAsync('$hidden/place', 'retained', { qos: 1, retain: true });
  await client.subscribeAsync(['#', '+/place', '+/#']);
  await client.publishAsync('$hidden/place', 'live', { qos: 1 });
  await client.publishAsync('open/place', 'seen', { qos: 1 });
  expect((await inbox.next()).payload.toString()).toBe('seen');
  await client.subscribeAsync('$hidden/#', { qos: 1 });
  expect((await inbox.next()).payload.toString()).toBe('retained');
  await client.publishAsync('$hidden/place', 'named', { qos: 1 });
  expect((await inbox.next()).payload.toString()).toBe('named');
  await client.endAsync();
});
