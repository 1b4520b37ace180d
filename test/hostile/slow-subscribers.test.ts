import { afterEach, expect, it } from 'vitest';
import { stores } from '../../packages/core/test/support/stores.ts';
import { AttackWorld } from './attack-world.ts';

const subscribers = 100;
const rounds = 60;
const maxOutputBytes = 65_536;
const maxQueuedMessages = 20;
const payload = 'x'.repeat(4_096);

let world: AttackWorld;

afterEach(async () => {
  await world.dropAll();
  await world.broker.close({ graceMs: 100 });
});

it.each(stores)(
  'a tenth of the subscribers stops reading: nobody else loses a message, over %s',
  async (_name, makeStore) => {
    world = await AttackWorld.start(makeStore(), { maxOutputBytes, maxQueuedMessages }, []);
    const readers = [];
    for (let index = 0; index < subscribers; index++) {
      const reader = await world.connect(`reader-${index}`);
      await reader.subscribe('load', { qos: index % 2 === 0 ? 0 : 1 });
      readers.push(reader);
    }
    const isSlow = (_: unknown, index: number) => index % 20 < 2;
    const slow = readers.filter(isSlow);
    const quick = readers.filter((reader) => !slow.includes(reader));
    for (const { stream } of slow) stream.stall();
    const publisher = await world.connect('publisher');
    for (let round = 0; round < rounds; round++) {
      expect(await publisher.publish('load', payload, { qos: 1 })).toBe(0);
    }
    for (const reader of quick) expect(await reader.payloads()).toHaveLength(rounds);
    for (const { stream } of slow) {
      const waiting = stream.heldBytes + stream.writableLength;
      expect(waiting).toBeLessThan(maxOutputBytes + 2 * payload.length);
    }
    for (const { stream } of slow) stream.unstall();
    await world.settle();
    // What a slow one did not get was dropped, and counted.
    const got = (await Promise.all(slow.map((reader) => reader.payloads()))).flat().length;
    const counted = world.dropped('slow-receiver') + world.dropped('queue-full');
    expect(got).toBeGreaterThan(0);
    expect(world.dropped('slow-receiver')).toBeGreaterThan(0);
    expect(world.dropped('queue-full')).toBeGreaterThan(0);
    expect(got + counted).toBe(slow.length * rounds);
  },
);
