import { allow, deny, drop, type HookOptions, proceed, type Verdict } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  aTable,
  client,
  connection,
  deliveryEvent,
  disconnectEvent,
  overflowEvent,
  routeEvent,
  settled,
} from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const failed = deny(0x83);

interface Suspect {
  /** What the hook does from now on. */
  does: () => unknown;
  readonly codes: () => string[];
  readonly statistics: () => unknown;
  readonly environment: ReturnType<typeof aTable>['environment'];
  readonly errors: Error[];
  ask(): unknown;
}

function suspect(options: HookOptions = {}): Suspect {
  const { table, environment, errors } = aTable();
  const hook = (): Verdict => suspect.does() as Verdict;
  table.add('p', 'connection', hook, options);
  const { connection: run } = table.runners();
  const suspect: Suspect = {
    does: () => allow(),
    environment,
    errors,
    codes: () => errors.splice(0).map((error) => (error as { code?: string }).code ?? ''),
    statistics: () => table.statistics()[0],
    ask: () => run?.({ connection }),
  };
  return suspect;
}

function fail(): never {
  throw new Error('oops');
}

const failures = (count: number) => Array.from({ length: count }, () => 'SLUICE_HOOK_FAILED');

describe('a hook that fails ten times in a row', () => {
  it('is not called for five seconds, and each call counts as failed', () => {
    const hook = suspect();
    hook.does = fail;
    for (let call = 0; call < 10; call++) expect(hook.ask()).toEqual(failed);
    const [error] = hook.errors.slice(-1);
    expect(error?.message).toBe(
      'The hook connection of plug-in p failed 10 times in a row and is not called for 5000 ms: meanwhile each call counts as failed. Then one call tries it. Correct what the errors before this one say.',
    );
    expect(hook.codes()).toEqual([...failures(10), 'SLUICE_HOOK_SUSPENDED']);
    hook.does = () => allow();
    for (let call = 0; call < 20; call++) expect(hook.ask()).toEqual(failed);
    hook.environment.advance(4_999);
    expect(hook.ask()).toEqual(failed);
    expect(hook.codes()).toEqual([]);
    expect(hook.statistics()).toMatchObject({
      calls: 10,
      failures: 10,
      skipped: 21,
      suspended: true,
    });
  });

  it('is called again when one call shows that it works', () => {
    const hook = suspect();
    hook.does = fail;
    for (let call = 0; call < 10; call++) hook.ask();
    hook.environment.advance(5_000);
    hook.does = () => allow();
    expect(hook.ask()).toEqual(allow());
    expect(hook.statistics()).toMatchObject({ suspended: false });
    // It takes ten failures again.
    hook.does = fail;
    hook.codes();
    for (let call = 0; call < 9; call++) hook.ask();
    hook.does = () => undefined;
    expect(hook.ask()).toEqual(allow());
    expect(hook.codes()).toEqual(failures(9));
  });

  it('is suspended again when that call fails, without another word', () => {
    const hook = suspect();
    hook.does = fail;
    for (let call = 0; call < 10; call++) hook.ask();
    hook.codes();
    hook.environment.advance(5_000);
    hook.ask();
    hook.ask();
    expect(hook.codes()).toEqual(failures(1));
    hook.environment.advance(4_999);
    hook.ask();
    expect(hook.codes()).toEqual([]);
    hook.environment.advance(1);
    hook.ask();
    expect(hook.codes()).toEqual(failures(1));
  });

  it('is tried by one call only', async () => {
    const hook = suspect({ maxFailures: 1, retryAfterMs: 100 });
    hook.does = fail;
    hook.ask();
    hook.environment.advance(100);
    let answer = (_: Verdict): void => {};
    hook.does = () => new Promise<Verdict>((resolve) => (answer = resolve));
    const trial = hook.ask();
    expect([hook.ask(), hook.ask()]).toEqual([failed, failed]);
    expect(hook.statistics()).toMatchObject({ calls: 2, skipped: 2, suspended: true });
    answer(allow());
    expect(await trial).toEqual(allow());
    hook.does = () => allow();
    expect(hook.ask()).toEqual(allow());
  });

  it('is tried again after a trial that missed its deadline', async () => {
    const hook = suspect({ maxFailures: 1, retryAfterMs: 100, deadlineMs: 50 });
    hook.does = fail;
    hook.ask();
    hook.environment.advance(100);
    hook.does = () => new Promise(() => {});
    const trial = hook.ask();
    hook.environment.advance(50);
    expect(await trial).toEqual(failed);
    hook.does = () => allow();
    hook.environment.advance(99);
    expect(hook.ask()).toEqual(failed);
    hook.environment.advance(1);
    expect(hook.ask()).toEqual(allow());
  });
});

describe('what counts as a failure in a row', () => {
  it.each([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('oops'))],
    ['answers rubbish', () => true],
    ['answers rubbish later', async () => true],
    ['answers an error in place of throwing it', () => new Error('oops')],
    ['misses its deadline', () => new Promise(() => {})],
  ])('is a call that %s', async (_, does) => {
    const hook = suspect({ maxFailures: 3, deadlineMs: 10 });
    hook.does = does;
    for (let call = 0; call < 3; call++) {
      const answer = hook.ask();
      hook.environment.advance(10);
      expect(await answer).toEqual(failed);
    }
    expect(hook.statistics()).toMatchObject({ calls: 3, suspended: true });
  });

  it('begins anew with each call that works', async () => {
    const hook = suspect({ maxFailures: 2 });
    for (let round = 0; round < 5; round++) {
      hook.does = fail;
      hook.ask();
      hook.does = async () => allow();
      await hook.ask();
    }
    expect(hook.codes()).toEqual(failures(5));
  });

  it('is no more than said once by calls that were on their way when it was suspended', async () => {
    const hook = suspect({ maxFailures: 2, retryAfterMs: 100 });
    const reject: (() => void)[] = [];
    hook.does = () => new Promise((_, no) => reject.push(() => no(new Error('oops'))));
    const answers = [1, 2, 3, 4].map(() => hook.ask());
    reject[0]?.();
    reject[1]?.();
    await settled();
    hook.environment.advance(60);
    reject[2]?.();
    reject[3]?.();
    expect(await Promise.all(answers)).toEqual([failed, failed, failed, failed]);
    expect(hook.codes()).toEqual([...failures(2), 'SLUICE_HOOK_SUSPENDED', ...failures(2)]);
    // They do not make it wait any longer.
    hook.environment.advance(40);
    hook.does = () => allow();
    expect(hook.ask()).toEqual(allow());
  });

  it('suspends calls that wait in line, but not the one that tries', async () => {
    const hook = suspect({ maxFailures: 1, retryAfterMs: 100, maxConcurrent: 1 });
    const calls: { allow(): void; fail(): void }[] = [];
    hook.does = () =>
      new Promise((resolve, reject) =>
        calls.push({ allow: () => resolve(allow()), fail: () => reject(new Error('oops')) }),
      );
    const running = hook.ask();
    const waiting = hook.ask();
    calls[0]?.fail();
    expect(await running).toEqual(failed);
    expect(await waiting).toEqual(failed);
    expect(hook.statistics()).toMatchObject({ calls: 1, skipped: 1, waiting: 0 });
    hook.environment.advance(100);
    const trial = hook.ask();
    calls[1]?.allow();
    expect(await trial).toEqual(allow());
  });

  it('is nothing with maxFailures: Infinity', () => {
    const hook = suspect({ maxFailures: Infinity });
    hook.does = fail;
    for (let call = 0; call < 1_000; call++) hook.ask();
    expect(hook.statistics()).toMatchObject({ calls: 1_000, suspended: false });
  });
});

describe.each([
  ['connection', { connection }, undefined],
  ['connection', { connection }, allow()],
  ['authorizeDeliver', deliveryEvent, allow()],
  ['exchange', { connection, clientId: 'c', method: 'M' }, proceed()],
  ['publish', { client, message: aMessage() }, { topic: 'x' }],
  ['deliver', deliveryEvent, undefined],
  ['route', routeEvent, {}],
  ['connack', { client, sessionPresent: false, properties: {} }, { reasonString: 'x' }],
  ['overflow', overflowEvent, 'drop-newest'],
  ['overflow', overflowEvent, undefined],
] as const)('a hook %s', (name, event, answer) => {
  const calls = (does: (call: number) => unknown) => {
    const { table } = aTable();
    let count = 0;
    const hook = () => does(++count);
    table.add('p', name as 'deliver', hook as () => undefined, { maxFailures: 2 });
    const run = table.runners()[name] as (event: unknown) => unknown;
    for (let call = 0; call < 6; call++) run(event);
    return table.statistics()[0];
  };

  it(`is not suspended while every other call works, with ${JSON.stringify(answer)}`, () => {
    const statistics = calls((call) => (call % 2 === 0 ? answer : fail()));
    expect(statistics).toMatchObject({ calls: 6, failures: 3, suspended: false });
  });

  it('is suspended when it answers rubbish twice', () => {
    expect(calls(() => 5)).toMatchObject({ calls: 2, failures: 2, skipped: 4, suspended: true });
  });
});

describe('while a hook is suspended', () => {
  const { message } = deliveryEvent;
  const suspended = (name: string) => {
    const world = aTable();
    world.table.add('p', name as 'deliver', fail, { maxFailures: 1 });
    return world;
  };

  it('deliver drops, and authorizeDeliver denies', () => {
    const dropping = suspended('deliver').table.runners();
    dropping.deliver?.(deliveryEvent);
    expect(dropping.deliver?.(deliveryEvent)).toEqual(drop(0x83));
    const denying = suspended('authorizeDeliver').table.runners();
    denying.authorizeDeliver?.(deliveryEvent);
    expect(denying.authorizeDeliver?.(deliveryEvent)).toEqual(failed);
  });

  it('selectShared has no opinion, and disconnect is sent as it is', () => {
    const { selectShared } = suspended('selectShared').table.runners();
    const event = { sharedFilter: '$share/g/a', message, members: [] };
    selectShared?.(event);
    expect(selectShared?.(event)).toBeUndefined();
    const { disconnect } = suspended('disconnect').table.runners();
    disconnect?.(disconnectEvent);
    expect(disconnect?.(disconnectEvent)).toBe(disconnectEvent);
  });

  it('hooks that observe are called nevertheless', () => {
    const { table, errors } = aTable();
    table.add('p', 'published', fail);
    const event = { client: undefined, message: aMessage(), receivers: 0 };
    for (let call = 0; call < 50; call++) table.runners().published?.(event);
    expect(errors).toHaveLength(50);
    expect(table.statistics()).toMatchObject([{ calls: 50, failures: 50, suspended: false }]);
  });
});
