import { expect, test } from 'vitest';
import { Deadlines } from '../src/base/deadlines.ts';
import { Stats } from '../src/base/stats.ts';
import { Turn } from '../src/base/turn.ts';
import type { LoadedConnection } from '../src/overload/held-clients.ts';
import { Overload } from '../src/overload/overload.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

const usedBytes = 90;
const maxMemoryBytes = 100;

/** A broker that is short of memory, and connections of which each takes a tenth of a millisecond to look at. */
function aBusyBroker(count: number) {
  const environment = Object.assign(new VirtualEnvironment(), {
    memory: () => ({ usedBytes, limitBytes: maxMemoryBytes }),
  });
  const deadlines = new Deadlines(environment, () => {});
  const stats = new Stats();
  const overload = new Overload({
    environment,
    deadlines,
    turn: new Turn(environment),
    stats,
    persistence: {},
    maxMemoryBytes,
    changed: () => {},
  });
  const looks: number[] = [];
  const held: number[] = [];
  const connections = Array.from(
    { length: count },
    (_, index): LoadedConnection => ({
      closed: false,
      get memoryBytes() {
        environment.block(0.1);
        looks.push(index);
        return maxMemoryBytes;
      },
      takePublishedBytes: () => 1 + index,
      holdBack: () => void held.push(index),
      letGo: () => {},
      tellHeld: () => {},
      watchStall: () => {},
    }),
  );
  overload.watch(connections);
  return { environment, overload, stats, looks, held };
}

test('a hundred thousand connections are looked at over several turns', () => {
  const { environment, overload, stats, looks } = aBusyBroker(1_000);
  overload.touch();
  const turns: number[] = [];
  const runTurn = environment.runTurn.bind(environment);
  environment.runTurn = () => {
    const before = looks.length;
    runTurn();
    turns.push(looks.length - before);
  };
  environment.advance(250);
  expect(looks).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  expect(Math.max(...turns)).toBeLessThan(100);
  expect([stats.memoryBytes, overload.level]).toEqual([usedBytes, 'dropping']);
});

test('nothing changes before all of them were looked at', () => {
  const { environment, overload, looks, held } = aBusyBroker(200);
  const early: unknown[] = [];
  const runTurn = environment.runTurn.bind(environment);
  environment.runTurn = () => {
    if (looks.length > 0 && looks.length < 200) early.push(overload.level, ...held);
    runTurn();
  };
  overload.touch();
  environment.advance(250);
  expect(new Set(early)).toEqual(new Set(['none']));
  expect([overload.level, held.length]).toEqual(['dropping', expect.any(Number)]);
});

test('they are looked at again and again while the memory is short', () => {
  const { environment, overload, looks } = aBusyBroker(100);
  overload.touch();
  environment.advance(1_100);
  expect(looks).toHaveLength(400);
});

test('a look that fails is not the last one', () => {
  const { environment, overload, stats } = aBusyBroker(0);
  let failures = 0;
  const broken = {
    get memoryBytes(): number {
      failures++;
      throw new Error('broken');
    },
  };
  overload.watch([broken as LoadedConnection]);
  for (let look = 0; look < 2; look++) {
    overload.touch();
    environment.advance(250);
  }
  expect(failures).toBe(2);
  overload.watch([]);
  overload.touch();
  environment.advance(250);
  expect(stats.overload).toBe('none');
});

test('who published most is held back first', () => {
  const { environment, overload, held } = aBusyBroker(20);
  overload.touch();
  environment.advance(250);
  // 0.8 of what was published: 1 + ... + 20.
  expect(held).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8]);
});
