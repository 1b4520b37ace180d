import type { Persistence } from '@sluice/plugin';
import { expect, test } from 'vitest';
import { Turn } from '../src/base/turn.ts';
import { QueueReads } from '../src/context/queue-reads.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

/** Lets promises go on. */
async function settle(): Promise<void> {
  for (let tick = 0; tick < 20; tick++) await Promise.resolve();
}

function someReads(readQueue: (session: number) => Promise<[]>, maxDiskReads: number) {
  const environment = new VirtualEnvironment();
  const persistence = { readQueue } as unknown as Persistence;
  return {
    environment,
    reads: new QueueReads(persistence, maxDiskReads, new Turn(environment)),
  };
}

test('four windows are read in one turn, in the order in which they were asked for', async () => {
  const begun: number[] = [];
  const { environment, reads } = someReads(async (session) => {
    begun.push(session);
    return [];
  }, 64);
  const all = Array.from({ length: 10 }, (_, session) => reads.read(session, 0, 1));
  await settle();
  expect(begun).toEqual([0, 1, 2, 3]);
  environment.runTurn();
  await settle();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  environment.runTurn();
  await settle();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await Promise.all(all);
});

test('no more windows are read side by side than may be', async () => {
  const ends: (() => void)[] = [];
  const { environment, reads } = someReads(
    () => new Promise((resolve) => ends.push(() => resolve([]))),
    2,
  );
  const all = [1, 2, 3].map((session) => reads.read(session, 0, 1));
  await settle();
  environment.runTurn();
  await settle();
  expect(ends).toHaveLength(2);
  ends[0]?.();
  await settle();
  expect(ends).toHaveLength(3);
  for (const end of ends) end();
  await Promise.all(all);
});

test('once it is closed nothing is read, and nobody hears of what was', async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const { reads } = someReads((session) => {
    begun.push(session);
    return new Promise((resolve, reject) => {
      ends.push(() => (session === 1 ? reject(new Error('closed')) : resolve([])));
    });
  }, 5);
  let told = 0;
  const tell = (): void => void told++;
  // Four are read, one waits for the next turn, and two for a free place.
  for (let session = 0; session < 7; session++) reads.read(session, 0, 1).then(tell, tell);
  await settle();
  ends[0]?.();
  await settle();
  expect(told).toBe(1);
  reads.close();
  for (const end of ends) end();
  await settle();
  expect({ told, begun }).toEqual({ told: 1, begun: [0, 1, 2, 3] });
});
