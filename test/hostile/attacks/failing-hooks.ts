import { expect } from 'vitest';
import {
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
} from '../../../packages/core/test/support/packets.ts';
import { aPlugin } from '../../../packages/core/test/support/test-broker.ts';
import type { Attack } from './attack.ts';

const failures: Record<string, () => undefined | Promise<undefined>> = {
  throws: () => {
    throw new Error('it throws');
  },
  rejects: () => Promise.reject(new Error('it rejects')),
  'never answers': () => new Promise(() => {}),
};

/** What hooks do that fail for what a peer sends. */
export const failingHooks: readonly Attack[] = [
  {
    id: 'S24',
    name: 'What makes a hook throw, reject or never answer',
    outcome: 'that packet is refused with 0x83; other connections do not wait for it',
    bound: '`hookTimeoutMs`',
    limits: { hookTimeoutMs: 200 },
    plugins: () => [
      aPlugin((context) => {
        context.hook('publish', ({ message }) => failures[message.topic]?.());
      }),
    ],
    async run(world) {
      for (const topic of Object.keys(failures)) {
        const client = await world.connect('c');
        client.send(publishPacket(topic, 'x', { qos: 1, packetId: 1 }));
        const refused = () =>
          client.received().some((packet) => 'reasonCode' in packet && packet.reasonCode >= 0x80);
        await world.until(refused, `the answer where it ${topic}`);
        await client.drop();
      }
      const gone = await world.connect('gone');
      gone.send(publishPacket('never answers', 'x', { qos: 1, packetId: 1 }));
      await gone.drop();
      await world.until(() => world.broker.stats.sessions === 2, 'it ends with the deadline');
      expect(world.errors.length).toBeGreaterThanOrEqual(3);
    },
  },
  {
    id: 'S25',
    name: 'A message that a hook answers with the same message',
    outcome: 'the loop ends after 16 rounds',
    bound: '[the depth of what hooks publish](hooks.md)',
    plugins: () => [
      aPlugin((context) => {
        context.hook('published', ({ message: { topic } }) => {
          if (topic === 'loop') void context.broker.publish({ topic, payload: 'again' });
        });
      }),
    ],
    async run(world) {
      const reader = await world.connect('reader');
      await reader.subscribe('loop');
      const client = await world.connect('c');
      await client.publish('loop', 'x', { qos: 1 });
      expect((await reader.payloads()).length).toBeLessThanOrEqual(17);
      expect(world.errors).toHaveLength(1);
    },
  },
  {
    id: 'S26',
    name: 'A subscriber for whom the hook `deliver` throws',
    outcome: 'that delivery is dropped (`hook`); all other subscribers get the message',
    bound: 'one delivery for each call',
    plugins: () => [
      aPlugin((context) => {
        context.hook('deliver', ({ client }) => {
          if (client.clientId === 'reader-500') throw new Error('not for this one');
          return undefined;
        });
      }),
    ],
    async run(world) {
      const readers = Array.from({ length: 1_000 }, () => world.client());
      for (const [index, reader] of readers.entries()) {
        reader.send(connectPacket(5, { clientId: `reader-${index}` }));
        reader.send(subscribePacket(1, [subscription('all', { qos: 0 })]));
        if (index % 50 === 0) await world.turn();
      }
      await world.settle();
      await world.broker.publish({ topic: 'all', payload: 'x' });
      const received = () => readers.filter(({ history }) => history.includes('publish')).length;
      await world.until(() => received() >= 999, 'the others get it');
      expect(received()).toBe(999);
      expect(world.dropped('hook')).toBe(1);
    },
  },
];
