import { allow, type Verdict } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import type { HookRunners } from '../src/hooks/hooks.ts';
import { aTable, connection, settled, type TestTable } from './support/hooks.ts';

interface Line extends TestTable {
  readonly ask: NonNullable<HookRunners['connection']>;
  /** Answers of the calls that run, in order of their start. */
  readonly running: ((verdict: Verdict) => void)[];
  started: number;
}

function aLine(maxConcurrent: number, deadlineMs = 5_000, maxFailures = Infinity): Line {
  const world = aTable();
  const running: Line['running'] = [];
  const hook = (): Promise<Verdict> => {
    line.started++;
    return new Promise((resolve) => running.push(resolve));
  };
  world.table.add('p', 'connection', hook, { maxConcurrent, deadlineMs, maxFailures });
  const ask = world.table.runners().connection;
  if (ask === undefined) throw new Error('no runner');
  const line: Line = { ...world, ask, running, started: 0 };
  return line;
}

describe('maxConcurrent', () => {
  it('lets so many calls run, and the others wait in line', async () => {
    const line = aLine(2);
    const answers = [1, 2, 3, 4].map(() => line.ask({ connection }));
    expect(line.started).toBe(2);
    line.running[1]?.(allow());
    await settled();
    expect(line.started).toBe(3);
    line.running[0]?.(allow());
    line.running[2]?.(allow());
    await settled();
    line.running[3]?.(allow());
    expect(await Promise.all(answers)).toEqual([allow(), allow(), allow(), allow()]);
    expect([line.started, line.environment.timers]).toEqual([4, 0]);
  });

  it('counts the wait against the deadline, and does not call what is past it', async () => {
    const line = aLine(1, 100);
    const first = line.ask({ connection });
    const second = line.ask({ connection });
    line.environment.advance(99);
    line.running[0]?.(allow());
    expect(await first).toEqual(allow());
    expect(line.started).toBe(2);
    const third = line.ask({ connection });
    line.environment.advance(1);
    expect(await second).toMatchObject({ allowed: false, reasonCode: 0x83 });
    expect(line.errors).toMatchObject([
      { code: 'SLUICE_HOOK_SLOW' },
      { code: 'SLUICE_HOOK_TIMEOUT' },
    ]);
    // The second call still runs: its place is not free.
    line.environment.advance(50);
    expect(line.started).toBe(2);
    line.running[1]?.(allow());
    await settled();
    expect(line.started).toBe(3);
    line.running[2]?.(allow());
    expect(await third).toEqual(allow());
  });

  it('takes the place from a call that never ends', async () => {
    const line = aLine(1, 100);
    const first = line.ask({ connection });
    line.environment.advance(60);
    const second = line.ask({ connection });
    line.environment.advance(40);
    expect(await first).toMatchObject({ allowed: false });
    expect(line.started).toBe(2);
    line.running[1]?.(allow());
    expect(await second).toEqual(allow());
    // It ends after all: nothing is freed twice.
    line.running[0]?.(allow());
    await settled();
    line.ask({ connection });
    line.ask({ connection });
    expect(line.started).toBe(3);
  });

  it('makes no promise for a hook that answers at once', () => {
    const { table } = aTable();
    table.add('p', 'connection', () => allow(), { maxConcurrent: 1 });
    expect(table.runners().connection?.({ connection })).toEqual(allow());
  });

  it('passes over a long line of calls that are past their deadline', async () => {
    const line = aLine(1, 100);
    const first = line.ask({ connection });
    line.environment.advance(50);
    const waiting = Array.from({ length: 20_000 }, () => line.ask({ connection }));
    line.environment.advance(49);
    line.running[0]?.(allow());
    await first;
    // The second runs from now on: long enough for all the others to miss their deadline.
    line.environment.advance(51);
    const last = line.ask({ connection });
    line.running[1]?.(allow());
    await Promise.all(waiting);
    line.environment.runDeferred();
    expect(line.started).toBe(3);
    line.running[2]?.(allow());
    expect(await last).toEqual(allow());
  });

  it('frees the place of a hook that throws or rejects', async () => {
    const { table, errors } = aTable();
    let call = 0;
    const hook = (): Promise<Verdict> => {
      call++;
      if (call === 1) throw new Error('thrown');
      if (call === 2) return Promise.reject(new Error('rejected'));
      return Promise.resolve(allow());
    };
    table.add('p', 'connection', hook, { maxConcurrent: 1 });
    const { connection: ask } = table.runners();
    const answers = await Promise.all([1, 2, 3].map(() => ask?.({ connection })));
    expect(answers.map((answer) => answer?.allowed)).toEqual([false, false, true]);
    expect(errors.map((error) => (error.cause as Error).message)).toEqual(['thrown', 'rejected']);
  });
});
