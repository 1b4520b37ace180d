import { expect } from 'vitest';
import { publishPacket } from '../../../packages/core/test/support/packets.ts';
import type { TestClient } from '../../../packages/core/test/support/test-client.ts';
import type { Attack } from './attack.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const kibibyte = Buffer.alloc(1_024);

/** Attacks by receiving badly, or not at all. */
export const receiving: readonly Attack[] = [
  {
    id: 'S08',
    name: 'Subscribers that never read',
    outcome:
      'QoS 0 is dropped for them (`slow-receiver`), QoS 1 and 2 wait in their queues; without progress they are closed',
    bound: '`maxOutputBytes`, `maxQueuedMessages`, `maxQueuedBytes`, `stalledTimeoutMs`',
    limits: { maxOutputBytes: 65_536, maxQueuedMessages: 500, stalledTimeoutMs: 300 },
    async run(world) {
      const stalled: TestClient[] = [];
      for (const qos of [0, 1, 2] as const) {
        const client = await world.connect(`stalled-${qos}`);
        await client.subscribe('load', { qos });
        client.stream.stall();
        stalled.push(client);
      }
      const reader = await world.connect('reader');
      await reader.subscribe('load', { qos: 2 });
      const publisher = await world.connect('publisher');
      for (let count = 0; count < 1_500; count++) {
        publisher.send(publishPacket('load', kibibyte));
        if (count % 20 === 0) await world.turn();
      }
      await world.settle();
      for (let count = 0; count < 600; count++)
        await publisher.publish('load', kibibyte, { qos: 1 });
      expect(await reader.payloads()).toHaveLength(2_100);
      expect(world.dropped('slow-receiver')).toBeGreaterThan(500);
      await world.until(() => stalled.every(({ closed }) => closed), 'those that stall are closed');
    },
  },
  {
    id: 'S09',
    name: 'A subscriber that reads, but never acknowledges',
    outcome:
      'gets as many messages as may be in flight; the others wait in its queue, and are dropped when it is full',
    bound: '`maxInflightMessages`, `maxQueuedMessages`, `maxQueuedBytes`',
    limits: { maxInflightMessages: 20, maxQueuedMessages: 200 },
    async run(world) {
      const mute = await world.connect('mute', { acknowledges: false });
      await mute.subscribe('load');
      const publisher = await world.connect('publisher');
      for (let count = 0; count < 600; count++) await publisher.publish('load', 'x', { qos: 1 });
      expect(await mute.payloads()).toHaveLength(20);
      expect(world.dropped('queue-full')).toBeGreaterThanOrEqual(380);
    },
  },
  {
    id: 'S10',
    name: 'A subscriber with a Maximum Packet Size of 20 bytes',
    outcome: 'what is larger is dropped for it (`packet-too-large`), also what waited for it',
    bound: 'the size that it asked for',
    fills: ['sessions', 'subscriptions'],
    async run(world) {
      const fields = { ...durable, properties: { ...durable.properties, maximumPacketSize: 20 } };
      const tiny = await world.connect('tiny', fields);
      await tiny.subscribe('t');
      const publish = async () => {
        for (let count = 0; count < 100; count++)
          await world.broker.publish({ topic: 't', payload: kibibyte, qos: 1 });
        await world.broker.publish({ topic: 't', payload: 'small', qos: 1 });
      };
      await publish();
      expect(await tiny.payloads()).toEqual(['small']);
      await tiny.drop();
      await publish();
      const again = await world.connect('tiny', fields);
      expect(await again.payloads()).toEqual(['small']);
      expect(world.dropped('packet-too-large')).toBe(200);
    },
  },
  {
    id: 'S11',
    name: 'A Receive Maximum of 1 in front of a long queue',
    outcome: 'all come, one after the other and in order',
    bound: '`maxQueuedMessages`, `windowMessages`',
    fills: ['sessions', 'subscriptions'],
    async run(world) {
      const fields = { ...durable, properties: { ...durable.properties, receiveMaximum: 1 } };
      const slow = await world.connect('slow', fields);
      await slow.subscribe('t', { qos: 1 });
      await slow.drop();
      for (let count = 0; count < 1_000; count++) {
        await world.broker.publish({ topic: 't', payload: String(count), qos: 1 });
      }
      const again = await world.connect('slow', fields);
      await world.until(
        () => again.history.filter((name) => name === 'publish').length === 1_000,
        'all messages',
      );
      expect(await again.payloads()).toEqual(
        Array.from({ length: 1_000 }, (_, index) => String(index)),
      );
    },
  },
];
