import { describe, expect, it } from 'vitest';
import { publishPacket } from '../../packages/core/test/support/packets.ts';
import { stores } from '../../packages/core/test/support/stores.ts';
import { startTestBroker, type TestBroker } from '../../packages/core/test/support/test-broker.ts';
import { cases } from './cases.ts';
import { outcomeOf } from './outcome.ts';
import { rawConnect, str } from './vectors/parts.ts';
import type { Vector, Version } from './vectors/vector.ts';

/** How the bytes of a vector arrive: alone or in one chunk with a packet that is right. */
const arrivals = [
  'whole',
  'byte by byte',
  'behind another packet',
  'before another packet',
] as const;

/** Everything that the broker keeps of its clients, and the timers that it set for them. */
function tablesOf({ broker: { stats }, environment }: TestBroker) {
  const { connections, clients, sessions, subscriptions, retainedMessages, retainedBytes } = stats;
  const { timers } = environment;
  return { connections, clients, sessions, subscriptions, retainedMessages, retainedBytes, timers };
}

const glued = publishPacket('glued', 'glued');

async function tryVector(
  world: TestBroker,
  vector: Vector,
  version: Version,
  arrival: (typeof arrivals)[number],
): Promise<{ outcome: string; closed: boolean }> {
  const offender = world.client(version);
  const isFirst = vector.sent === 'first';
  const connect = rawConnect(version, { payload: [str('offender')] });
  const bytes = vector.bytes(version);
  if (arrival === 'byte by byte') offender.chunkBytes = 1;
  if (arrival === 'behind another packet') offender.send(connect, glued, bytes);
  else if (arrival === 'before another packet')
    offender.send(...(isFirst ? [] : [connect]), bytes, glued);
  else offender.send(...(isFirst ? [] : [connect]), bytes);
  await world.settle();
  const { closed } = offender;
  const outcome = outcomeOf(offender, isFirst);
  await offender.drop();
  return { outcome, closed };
}

describe.each(stores)('over %s', (_store, makeStore) => {
  it.each(cases)('%s', async (_name, vector, version) => {
    const world = await startTestBroker({ store: makeStore() });
    const canary = await world.connect('canary');
    await canary.subscribe('canary');
    const watcher = await world.connect('watcher');
    await watcher.subscribe('glued');
    const before = tablesOf(world);
    const expected = vector.outcome[version];
    for (const arrival of arrivals) {
      // Behind a CONNECT that was accepted it is no first packet any more.
      if (vector.sent === 'first' && arrival === 'behind another packet') continue;
      const { outcome, closed } = await tryVector(world, vector, version, arrival);
      expect(outcome, arrival).toBe(expected);
      // Of what is glued to it, what came before counts, and nothing behind the end of the connection.
      const isSeen =
        arrival === 'behind another packet' || (arrival === 'before another packet' && !closed);
      // A single byte takes what follows for its own packet.
      const isSwallowed = vector.bytes(version).length === 1 && arrival === 'before another packet';
      expect(await watcher.payloads(), arrival).toEqual(isSeen && !isSwallowed ? ['glued'] : []);
      await world.publish('canary', arrival, { qos: 1 });
      expect(await canary.payloads(), arrival).toEqual([arrival]);
      expect(tablesOf(world), arrival).toEqual(before);
      expect(world.errors, arrival).toEqual([]);
    }
  });
});
