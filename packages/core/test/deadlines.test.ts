import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Deadline, Deadlines } from '../src/base/deadlines.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

let environment: VirtualEnvironment;
let errors: Error[];
let deadlines: Deadlines;
let fired: [name: string, at: number][];

function named(name: string, then: () => void = () => {}): Deadline {
  return new Deadline({
    onDeadline: () => {
      fired.push([name, environment.monotonic()]);
      then();
    },
  });
}

beforeEach(() => {
  environment = new VirtualEnvironment();
  errors = [];
  fired = [];
  deadlines = new Deadlines(environment, (error) => errors.push(error));
});

describe('Deadlines', () => {
  it('tells owners in order of time, then of setting', () => {
    deadlines.set(named('b'), 20);
    deadlines.set(named('a'), 10);
    deadlines.set(named('c'), 20);
    expect(deadlines.size).toBe(3);
    environment.advance(9.5);
    expect(fired).toEqual([]);
    environment.advance(100);
    expect(fired).toEqual([
      ['a', 10],
      ['b', 20],
      ['c', 20],
    ]);
    expect([deadlines.size, environment.timers]).toEqual([0, 0]);
  });

  it('is never early for a fraction of a millisecond', () => {
    deadlines.set(named('a'), 10.25);
    environment.advance(10);
    expect(fired).toEqual([]);
    environment.advance(1);
    expect(fired).toEqual([['a', 11]]);
  });

  it('is not early when a timer is', () => {
    const early = new VirtualEnvironment();
    const set = early.setTimer.bind(early);
    early.setTimer = (callback, delayMs) => {
      early.setTimer = set;
      return set(callback, delayMs - 1);
    };
    const soon = new Deadlines(early, () => {});
    let firedAt: number | undefined;
    soon.set(new Deadline({ onDeadline: () => (firedAt = early.monotonic()) }), 10);
    early.advance(9);
    expect([firedAt, early.timers]).toEqual([undefined, 1]);
    early.advance(1);
    expect(firedAt).toBe(10);
  });

  it('has one timer, however many deadlines', () => {
    for (let at = 100; at > 0; at--) deadlines.set(named(`${at}`), at);
    expect(environment.timers).toBe(1);
  });

  it('lets others have their turn when what is due takes long, and goes on in order', () => {
    let turns = 0;
    const runTurn = environment.runTurn.bind(environment);
    environment.runTurn = () => {
      turns++;
      runTurn();
    };
    for (let index = 0; index < 20; index++) {
      deadlines.set(
        named(`${index}`, () => environment.block(index % 9 === 0 ? 0 : 2)),
        1,
      );
    }
    environment.advance(1);
    expect(turns).toBeGreaterThanOrEqual(16);
    const names = fired.map(([name]) => name);
    expect(names).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  });

  it('moves a deadline that is set again, both ways', () => {
    const moved = named('moved');
    deadlines.set(moved, 10);
    deadlines.set(moved, 30);
    expect([moved.at, deadlines.size]).toEqual([30, 1]);
    environment.advance(29);
    expect(fired).toEqual([]);
    deadlines.set(moved, 29);
    environment.advance(0);
    expect(fired).toEqual([['moved', 29]]);
    expect(moved.at).toBe(Infinity);
  });

  it('forgets what is cleared, and keeps no timer for nothing', () => {
    const one = named('one');
    deadlines.set(one, 10);
    deadlines.clear(one);
    deadlines.clear(one);
    expect([one.at, deadlines.size, environment.timers]).toEqual([Infinity, 0, 0]);
    deadlines.set(one, 10);
    deadlines.set(one, Infinity);
    expect([deadlines.size, environment.timers]).toEqual([0, 0]);
    environment.advance(100);
    expect(fired).toEqual([]);
  });

  it('refuses a time that is no number', () => {
    expect(() => deadlines.set(named('x'), Number.NaN)).toThrow(RangeError);
  });

  it('reaches a deadline beyond the longest timer', () => {
    const at = 5 * 2 ** 31;
    deadlines.set(named('far'), at);
    environment.advance(at - 1);
    expect(fired).toEqual([]);
    environment.advance(1);
    expect(fired).toEqual([['far', at]]);
  });

  it('reports an owner that throws, and tells the others', () => {
    deadlines.set(
      named('bad', () => {
        throw 'a string';
      }),
      10,
    );
    deadlines.set(named('good'), 10);
    environment.advance(10);
    expect(fired.map(([name]) => name)).toEqual(['bad', 'good']);
    expect(errors.map((error) => error.message)).toEqual(['a string']);
  });

  it('goes on when the one who is told of errors throws', () => {
    const strict = new Deadlines(environment, (error) => {
      throw error;
    });
    const bad = named('bad', () => {
      throw new Error('bad');
    });
    strict.set(bad, 10);
    strict.set(named('good'), 20);
    expect(() => environment.advance(10)).toThrow('bad');
    environment.advance(10);
    expect(fired.map(([name]) => name)).toEqual(['bad', 'good']);
  });

  it('lets owners set and clear while it tells them', () => {
    const cleared = named('cleared');
    const again: Deadline = named('again', () => {
      if (fired.length === 1) deadlines.set(again, 40);
    });
    const first = named('first', () => deadlines.clear(cleared));
    deadlines.set(again, 10);
    deadlines.set(first, 20);
    deadlines.set(cleared, 20);
    environment.advance(100);
    expect(fired).toEqual([
      ['again', 10],
      ['first', 20],
      ['again', 40],
    ]);
  });

  it('tells a thousand owners in a turn, and the others later', () => {
    for (let index = 0; index < 2_500; index++) deadlines.set(named(`${index}`), 5);
    environment.block(5);
    const turns: number[] = [];
    const set = environment.defer.bind(environment);
    environment.defer = (callback) => {
      turns.push(fired.length);
      set(callback);
    };
    environment.advance(0);
    expect(turns).toEqual([1_000, 2_000]);
    expect(fired.map(([name]) => Number(name))).toEqual(Array.from({ length: 2_500 }, (_, n) => n));
  });

  it('is silent once closed', () => {
    const one = named('one');
    deadlines.set(one, 10);
    deadlines.close();
    deadlines.set(named('two'), 10);
    expect([one.at, deadlines.size, environment.timers]).toEqual([Infinity, 0, 0]);
    environment.advance(100);
    expect(fired).toEqual([]);
  });

  it('is silent when closed between two turns, or by an owner', () => {
    for (let index = 0; index < 1_500; index++) deadlines.set(named(`${index}`), 5);
    deadlines.set(
      named('closes', () => deadlines.close()),
      1,
    );
    deadlines.set(named('after'), 2);
    environment.advance(10);
    expect(fired).toEqual([['closes', 1]]);
    expect([environment.timers, environment.deferred]).toEqual([0, 0]);
  });

  it('behaves like a sorted list', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), which: fc.nat(9), at: fc.nat(60) }),
      fc.record({ do: fc.constant('clear' as const), which: fc.nat(9) }),
      fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new VirtualEnvironment();
        const heap = new Deadlines(world, () => {});
        const actual: number[] = [];
        const all = Array.from(
          { length: 10 },
          (_, which) => new Deadline({ onDeadline: () => void actual.push(which) }),
        );
        let model: { which: number; at: number }[] = [];
        const expected: number[] = [];
        const pass = (ms: number): void => {
          world.advance(ms);
          // Stable: equal times stay in order of setting. One late deadline fires with the next timer, at once.
          model.sort((one, other) => one.at - other.at);
          while (model[0] !== undefined && model[0].at <= world.monotonic()) {
            expected.push((model.shift() as { which: number }).which);
          }
        };
        for (const one of steps) {
          if (one.do === 'pass') {
            pass(one.ms);
          } else {
            model = model.filter(({ which }) => which !== one.which);
            const deadline = all[one.which] as Deadline;
            if (one.do === 'clear') {
              heap.clear(deadline);
            } else {
              const at = one.at + world.monotonic() - 5;
              model.push({ which: one.which, at });
              heap.set(deadline, at);
            }
          }
          expect(heap.size).toBe(model.length);
          expect(actual).toEqual(expected);
        }
        pass(100);
        expect(actual).toEqual(expected);
        expect([heap.size, world.timers]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
