import { allow, type Verdict } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, connection, deliveryEvent, settled } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const event = { client: undefined, message: aMessage(), receivers: 0 };

describe('statistics', () => {
  it('tell of each hook what became of its calls, in the order in which they run', async () => {
    const { table, environment } = aTable();
    const answers: ((verdict: Verdict) => void)[] = [];
    const later = () => new Promise<Verdict>((resolve) => answers.push(resolve));
    table.add('a', 'published', () => JSON.parse('{'));
    table.add('b', 'published', () => {}, { priority: 1 });
    table.add('c', 'connection', later, { maxConcurrent: 2, deadlineMs: 100 });
    const runners = table.runners();
    runners.published?.(event);
    runners.published?.(event);
    const asked = [1, 2, 3].map(() => runners.connection?.({ connection }));
    const none = { failures: 0, timeouts: 0, skipped: 0, suspended: false, pending: 0, waiting: 0 };
    expect(table.statistics()).toEqual([
      { ...none, plugin: 'c', name: 'connection', calls: 2, pending: 2, waiting: 1 },
      { ...none, plugin: 'b', name: 'published', calls: 2 },
      { ...none, plugin: 'a', name: 'published', calls: 2, failures: 2 },
    ]);
    answers[0]?.(allow());
    await settled();
    environment.advance(100);
    await Promise.all(asked);
    // What missed its deadline still runs.
    expect(table.statistics()[0]).toMatchObject({ calls: 3, timeouts: 2, pending: 2, waiting: 0 });
    answers[1]?.(allow());
    answers[2]?.(allow());
    await settled();
    expect(table.statistics()[0]).toMatchObject({ pending: 0 });
  });

  it('count what a hook that observes goes on with', async () => {
    const { table } = aTable();
    let end = (): void => {};
    table.add(
      'a',
      'published',
      (() => new Promise<void>((resolve) => (end = resolve))) as () => void,
    );
    table.runners().published?.(event);
    expect(table.statistics()).toMatchObject([{ calls: 1, pending: 1 }]);
    end();
    await settled();
    expect(table.statistics()).toMatchObject([{ calls: 1, pending: 0 }]);
  });
});

describe('a slow hook', () => {
  const connectedEvent = { client: deliveryEvent.client, sessionPresent: false };

  /** A hook that blocks the process, and what was said of it. */
  const blocking = () => {
    const { table, environment, errors } = aTable();
    let ms = 0;
    table.add('p', 'connected', () => environment.block(ms));
    const { connected } = table.runners();
    return {
      environment,
      call(blocksMs: number): string[] {
        ms = blocksMs;
        connected?.(connectedEvent);
        return errors.splice(0).map(({ message }) => message);
      },
    };
  };
  const said = (ms: number) => [
    `The hook connected of plug-in p blocked the process for ${ms} ms: every client waited`,
  ];

  it('is reported when it blocks for more than 50 ms twice within a minute, once a minute', () => {
    const { call, environment } = blocking();
    expect(call(51)).toEqual([]);
    expect(call(52)).toEqual(said(52));
    expect(call(53)).toEqual([]);
    environment.advance(59_000);
    expect(call(54)).toEqual([]);
    environment.advance(1_000);
    expect(call(55)).toEqual(said(55));
  });

  it('is not reported for 50 ms, nor for one longer call a minute', () => {
    const { call, environment } = blocking();
    for (let calls = 0; calls < 10; calls++) expect(call(50)).toEqual([]);
    expect(call(1_000)).toEqual([]);
    environment.advance(60_001);
    expect(call(1_000)).toEqual([]);
  });

  it('is reported for one call that blocks for more than a second', () => {
    expect(blocking().call(1_001)).toEqual(said(1_001));
  });

  it('that runs for each message is looked at for one of 64 calls', () => {
    const { table, environment, errors } = aTable();
    let slow = false;
    table.add('p', 'deliver', () => {
      if (slow) environment.block(1_001);
    });
    const { deliver } = table.runners();
    deliver?.(deliveryEvent);
    slow = true;
    for (let call = 0; call < 63; call++) deliver?.(deliveryEvent);
    expect(errors).toEqual([]);
    deliver?.(deliveryEvent);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_SLOW' }]);
  });

  it('is reported when it fails, too', () => {
    const { table, environment, errors } = aTable();
    table.add('p', 'connection', () => {
      environment.block(2_000);
      throw new Error('oops');
    });
    table.runners().connection?.({ connection });
    expect(errors.map((error) => (error as { code?: string }).code)).toEqual([
      'SLUICE_HOOK_SLOW',
      'SLUICE_HOOK_FAILED',
    ]);
  });

  it('is reported when an answer takes more than half its deadline', async () => {
    const { table, environment, errors } = aTable();
    let answer = (_: Verdict): void => {};
    const hook = () => new Promise<Verdict>((resolve) => (answer = resolve));
    table.add('p', 'connection', hook, { deadlineMs: 1_000 });
    const run = table.runners().connection;
    const ask = async (afterMs: number) => {
      const asked = run?.({ connection });
      environment.advance(afterMs);
      answer(allow());
      await asked;
    };
    await ask(500);
    expect(errors).toEqual([]);
    await ask(501);
    await ask(900);
    expect(errors).toMatchObject([
      {
        code: 'SLUICE_HOOK_SLOW',
        message: 'The hook connection of plug-in p took 501 ms of the 1000 ms that it has',
      },
    ]);
  });

  it('is not reported of start and close', async () => {
    const { table, environment, errors } = aTable();
    table.add('p', 'start', () => environment.block(5_000));
    table.add('p', 'close', () => environment.block(5_000));
    await table.runners().start?.();
    await table.runners().close?.();
    expect(errors).toEqual([]);
  });
});
