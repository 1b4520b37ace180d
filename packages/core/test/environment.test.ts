import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../src/base/environment.ts';

describe('createEnvironment', () => {
  const environment = createEnvironment();

  it('has a wall clock and one that never goes back', () => {
    expect(Math.abs(environment.now() - Date.now())).toBeLessThan(1_000);
    const before = environment.monotonic();
    expect(environment.monotonic()).toBeGreaterThanOrEqual(before);
  });

  it('fires a timer, unless it was cleared', async () => {
    const fired: string[] = [];
    const cleared = environment.setTimer(() => fired.push('cleared'), 0);
    environment.clearTimer(cleared);
    await new Promise<void>((resolve) => environment.setTimer(resolve, 1));
    expect(fired).toEqual([]);
  });

  it('measures how long the event loop is held up, from the first call on', async () => {
    expect(environment.eventLoopDelay?.()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
    await sleep(30);
    const until = performance.now() + 60;
    while (performance.now() < until);
    await sleep(30);
    const delay = environment.eventLoopDelay?.();
    expect(delay?.maxMs).toBeGreaterThan(30);
    expect(delay?.p50Ms).toBeLessThanOrEqual(delay?.maxMs ?? 0);
  });

  it('defers in order, past promises', async () => {
    const ran: string[] = [];
    environment.defer(() => ran.push('a'));
    environment.defer(() => ran.push('b'));
    await Promise.resolve();
    expect(ran).toEqual([]);
    await expect.poll(() => ran).toEqual(['a', 'b']);
  });

  it('draws bytes that differ', () => {
    expect(environment.random(16)).toHaveLength(16);
    expect(environment.random(16)).not.toEqual(environment.random(16));
  });

  it('names things uniquely, safe for URLs and topics', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => environment.newId()));
    expect(ids.size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[\w-]+$/);
    expect(createEnvironment().newId()).not.toBe(createEnvironment().newId());
  });
});
