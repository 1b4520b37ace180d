import type { EventLoopDelay } from '@sluice/core';
import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { logSlowTurns } from '../src/log-slow-turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is logged of turns that took so long, one value for each look. */
function logged(slowTurnMs: number, turnsMs: readonly (number | undefined)[]): unknown[] {
  const lines: unknown[] = [];
  const logger = { warn: (fields: unknown) => lines.push(fields) } as unknown as Logger;
  const left = [0, ...turnsMs];
  const eventLoopDelay = (): EventLoopDelay | undefined => {
    const maxMs = left.shift();
    return maxMs === undefined ? undefined : { p50Ms: 0.1, p99Ms: maxMs / 2, maxMs };
  };
  const end = logSlowTurns({ eventLoopDelay }, logger, slowTurnMs);
  for (const _ of turnsMs) vi.advanceTimersByTime(10_000);
  end();
  left.push(10_000);
  vi.advanceTimersByTime(60_000);
  return lines;
}

test('turns above the threshold are logged until the server ends', () => {
  expect(logged(250, [3, 250, 300.4, 12])).toEqual([{ maxMs: 300, p99Ms: 150 }]);
});

test('nothing is logged where nothing can be measured, or nobody wants to know', () => {
  expect(logged(250, [undefined, undefined])).toEqual([]);
  expect(logged(0, [10_000])).toEqual([]);
});
