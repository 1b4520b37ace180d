import { describe, expect, it } from 'vitest';
import { VirtualEnvironment } from './support/virtual-environment.ts';

describe('VirtualEnvironment', () => {
  it('fires timers in order of their time, at their time', () => {
    const environment = new VirtualEnvironment();
    const fired: [string, number][] = [];
    environment.setTimer(() => fired.push(['b', environment.monotonic()]), 20);
    environment.setTimer(() => {
      fired.push(['a', environment.monotonic()]);
      environment.setTimer(() => fired.push(['c', environment.monotonic()]), 5);
    }, 10);
    const cleared = environment.setTimer(() => fired.push(['never', 0]), 1);
    environment.clearTimer(cleared);
    environment.advance(19);
    expect(fired).toEqual([
      ['a', 10],
      ['c', 15],
    ]);
    environment.advance(1);
    expect(fired.at(-1)).toEqual(['b', 20]);
    expect(environment.timers).toBe(0);
  });

  it('keeps timers of the same time in order of their setting', () => {
    const environment = new VirtualEnvironment();
    const fired: string[] = [];
    for (const name of ['a', 'b', 'c']) environment.setTimer(() => fired.push(name), 3);
    environment.advance(3);
    expect(fired).toEqual(['a', 'b', 'c']);
  });

  it('runs deferred callbacks when told to, one turn or all', () => {
    const environment = new VirtualEnvironment();
    const ran: string[] = [];
    environment.defer(() => {
      ran.push('a');
      environment.defer(() => ran.push('b'));
    });
    environment.runTurn();
    expect(ran).toEqual(['a']);
    environment.runDeferred();
    expect(ran).toEqual(['a', 'b']);
  });

  it('moves both clocks with time, and the wall clock alone in a jump', () => {
    const environment = new VirtualEnvironment({ startAt: 1_000 });
    environment.advance(5);
    environment.jump(-100);
    expect([environment.now(), environment.monotonic()]).toEqual([905, 5]);
  });

  it('repeats itself for a seed', () => {
    const bytes = (seed: number) => [...new VirtualEnvironment({ seed }).random(8)];
    expect(bytes(7)).toEqual(bytes(7));
    expect(bytes(7)).not.toEqual(bytes(8));
  });
});
