import { beforeEach, describe, expect, it } from 'vitest';
import { type SlicedTask, Turn } from '../src/base/turn.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

const maxMs = 4;
let environment: VirtualEnvironment;
let errors: Error[];
let turn: Turn;
let done: string[];
let written: number;

beforeEach(() => {
  environment = new VirtualEnvironment();
  errors = [];
  written = 0;
  turn = new Turn(
    environment,
    maxMs,
    (error) => errors.push(error),
    () => written++,
  );
  done = [];
});

function flush(name: string, ms = 0): void {
  turn.flush({
    endTurn: () => {
      environment.block(ms);
      done.push(name);
    },
  });
}

/** Work of so many slices, each of which takes as long as it may. */
function sliced(name: string, slices: number): SlicedTask & { lengths: number[] } {
  const lengths: number[] = [];
  const slice = (until: number): boolean => {
    const ms = until - environment.monotonic();
    lengths.push(ms);
    environment.block(ms);
    done.push(name);
    return lengths.length < slices;
  };
  return { lengths, slice };
}

describe('Turn', () => {
  it('commits first, writes then, and does slices last', () => {
    turn.share(sliced('slice', 1));
    flush('output');
    turn.commit({ endTurn: () => void done.push('commit') });
    environment.runTurn();
    expect(done).toEqual(['commit', 'output', 'slice']);
    expect(environment.deferred).toBe(0);
  });

  it('writes no longer than it may, and the rest before what comes later', () => {
    for (let index = 0; index < 40; index++) flush(`${index}`, 1);
    environment.runTurn();
    const first = done.length;
    expect(environment.monotonic()).toBeLessThanOrEqual(16);
    expect(first).toBeLessThan(40);
    flush('late');
    environment.runTurn();
    expect(done.length - first).toBeLessThan(40 - first);
    environment.runDeferred();
    expect(done).toEqual([...Array.from({ length: 40 }, (_, index) => `${index}`), 'late']);
  });

  it('goes on in order where outputs come faster than they are written', () => {
    for (let round = 0, next = 0; round < 1_500; round++) {
      for (let more = 0; more < 32; more++) flush(`${next++}`, 1);
      environment.runTurn();
    }
    environment.runDeferred();
    expect(done).toEqual(Array.from({ length: 48_000 }, (_, index) => `${index}`));
  });

  it('writes at once where there is time', () => {
    for (let index = 0; index < 10_000; index++) flush('');
    environment.runTurn();
    expect(done).toHaveLength(10_000);
  });

  it('gives each task a slice in turn, of a millisecond at most', () => {
    const [one, other] = [sliced('one', 3), sliced('other', 2)];
    turn.share(one);
    turn.share(other);
    environment.runTurn();
    expect(done).toEqual(['one', 'other']);
    environment.runDeferred();
    expect(done).toEqual(['one', 'other', 'one', 'other', 'one']);
    expect([...one.lengths, ...other.lengths]).toEqual([1, 1, 1, 1, 1]);
  });

  it('does no more slices than there is time for, and those that had none come first', () => {
    for (let index = 0; index < 10; index++) turn.share(sliced(`${index}`, 1));
    environment.runTurn();
    expect(done).toEqual(['0', '1', '2', '3']);
    environment.runTurn();
    expect(done).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('does a slice in every other turn, however long the outputs take', () => {
    turn.share(sliced('slice', 2));
    for (let turns = 0; turns < 4; turns++) {
      for (let index = 0; index < 16; index++) flush('', 1);
      environment.runTurn();
    }
    expect(done.filter((name) => name === 'slice')).toHaveLength(2);
  });

  it('reports a slice that throws, and goes on with others', () => {
    turn.share({
      slice: () => {
        throw new Error('broken');
      },
    });
    turn.share(sliced('other', 1));
    environment.runDeferred();
    expect([errors.map(({ message }) => message), done]).toEqual([['broken'], ['other']]);
  });

  it('is over for reading after three quarters of its time, until it ends', () => {
    expect(turn.isOver).toBe(false);
    environment.block(3);
    expect(turn.isOver).toBe(false);
    environment.block(1);
    expect(turn.isOver).toBe(true);
    const { number } = turn;
    environment.runTurn();
    expect([turn.isOver, turn.number]).toEqual([false, number + 1]);
  });

  it('leaves a quarter of its time to slices', () => {
    expect(turn.isOver).toBe(false);
    environment.block(3);
    for (let index = 0; index < 2; index++) turn.share(sliced(`${index}`, 1));
    environment.runTurn();
    expect(done).toEqual(['0']);
  });

  it('where reading took all of its time, does slices in the next one, and reads nothing before', () => {
    expect(turn.isOver).toBe(false);
    environment.block(4);
    for (let index = 0; index < 5; index++) turn.share(sliced(`${index}`, 1));
    environment.runTurn();
    expect(done).toEqual([]);
    expect(turn.isOver).toBe(true);
    environment.runTurn();
    expect(done).toEqual(['0', '1', '2', '3']);
    expect(turn.isOver).toBe(false);
  });

  /** Goes on for so many slices, each of which adds to an output. */
  function gathering(slices: number): void {
    let left = slices;
    const task = {
      slice: (until: number): boolean => {
        environment.block(until - environment.monotonic());
        done.push('slice');
        left--;
        if (left > 0) turn.shareGathering(task);
        return false;
      },
    };
    turn.shareGathering(task);
  }

  it('writes when everything was added to what is written', () => {
    flush('output');
    gathering(3);
    environment.runDeferred();
    expect(done).toEqual(['slice', 'slice', 'slice', 'output']);
    flush('next');
    environment.runTurn();
    expect(done.at(-1)).toBe('next');
  });

  it('tells when nothing is left to be written', () => {
    turn.commit({ endTurn: () => flush('output') });
    environment.runTurn();
    expect([done, written]).toEqual([['output'], 1]);
    for (let index = 0; index < 40; index++) flush('long', 1);
    environment.runTurn();
    expect(written).toBe(1);
    environment.runDeferred();
    expect([done.length, written]).toEqual([41, 2]);
    const slice = (): boolean => {
      flush('made by a slice');
      return false;
    };
    turn.share({ slice });
    environment.runTurn();
    expect([done.length, written]).toEqual([41, 3]);
    environment.runTurn();
    expect([done.length, written]).toEqual([42, 4]);
  });

  it('tells nothing of the kind while outputs wait for more', () => {
    flush('output');
    gathering(3);
    environment.runTurn();
    environment.runTurn();
    expect([done, written]).toEqual([['slice', 'slice'], 0]);
    environment.runDeferred();
    expect([done, written]).toEqual([['slice', 'slice', 'slice', 'output'], 1]);
  });

  it('writes before its end where it is asked to and little is to be written', () => {
    for (const name of ['a', 'b', 'c', 'd']) flush(name);
    turn.writeFew();
    expect([done, written]).toEqual([['a', 'b', 'c', 'd'], 1]);
    for (const name of ['e', 'f', 'g', 'h', 'i']) flush(name);
    turn.writeFew();
    expect([done.length, written]).toEqual([4, 1]);
    environment.runDeferred();
    expect([done.length, written]).toEqual([9, 2]);
  });

  it('does not write early what waits for more, nor within a write', () => {
    const within = { endTurn: () => void turn.writeFew() };
    turn.flush(within);
    turn.writeFew();
    expect(written).toBe(1);
    flush('output');
    gathering(3);
    environment.runTurn();
    turn.writeFew();
    expect([done, written]).toEqual([['slice'], 1]);
  });

  it('writes in between where that takes long', () => {
    flush('output');
    gathering(100);
    environment.runDeferred();
    const waited = done.indexOf('output');
    expect([waited > 10, waited < 40, done.length]).toEqual([true, true, 101]);
  });
});
