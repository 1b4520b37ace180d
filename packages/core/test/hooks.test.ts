import { createHook } from 'node:async_hooks';
import {
  allow,
  type BrokerError,
  type Deny,
  deny,
  type HookName,
  type HookOptions,
  hookKinds,
  type Verdict,
} from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, authenticateEvent, client, connection, settled } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const names = Object.keys(hookKinds) as HookName[];

describe('HookTable', () => {
  it('has no runner for a hook that nobody registered', () => {
    const runners = aTable().table.runners();
    expect(Object.keys(runners).sort()).toEqual([...names].sort());
    expect(Object.values(runners).every((runner) => runner === undefined)).toBe(true);
  });

  it.each(names)('has a runner for %s once it is registered', (name) => {
    const { table } = aTable();
    table.add('p', name, () => {});
    const used = Object.entries(table.runners()).filter(([, runner]) => runner !== undefined);
    expect(used.map(([used]) => used)).toEqual([name]);
  });

  it.each(names)('calls %s with the event, and with nothing else', async (name) => {
    const { table } = aTable();
    const given: unknown[][] = [];
    const hook = (...all: unknown[]): void => void given.push(all);
    table.add('one', name, hook as () => undefined);
    table.add('two', name, hook as () => undefined);
    const event = { client, message: aMessage(), members: [], receivers: [] };
    await (table.runners()[name] as (event: unknown) => unknown)(event);
    const lifecycle = hookKinds[name] === 'lifecycle';
    expect(given).toEqual(lifecycle ? [[{}], [{}]] : [[event], [event]]);
    if (!lifecycle) expect(given.every(([first]) => first === event)).toBe(true);
  });

  it('runs hooks by priority, then in order of registration', () => {
    const { table } = aTable();
    const ran: string[] = [];
    table.add('a', 'connected', () => void ran.push('a'));
    table.add('b', 'connected', () => void ran.push('b'), { priority: 10 });
    table.add('c', 'connected', () => void ran.push('c'), { priority: -0.5 });
    table.add('d', 'connected', () => void ran.push('d'));
    table.add('e', 'connected', () => void ran.push('e'), { priority: 10 });
    table.runners().connected?.({ client, sessionPresent: false });
    expect(ran).toEqual(['b', 'e', 'a', 'd', 'c']);
  });

  const nothing = (): void => {};
  it.each([
    ['SLUICE_UNKNOWN_HOOK', 'conect', nothing, {}, /Plug-in p registers a hook conect, .*connect/],
    ['SLUICE_UNKNOWN_HOOK', 'toString', nothing, {}, /hook toString/],
    ['SLUICE_HOOK_OPTION', 'connect', undefined, {}, /hook connect of plug-in p is no function\.$/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { priority: Number.NaN }, /priority/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { deadlineMs: 0 }, /deadlineMs/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { deadlineMs: Infinity }, /deadlineMs/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { keepsMessages: false }, /keepsMessages/],
    ['SLUICE_HOOK_OPTION', 'publish', nothing, { keepsMessages: 0 as never }, /keepsMessages/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { maxConcurrent: 0 }, /maxConcurrent/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { maxConcurrent: 1.5 }, /maxConcurrent/],
    ['SLUICE_HOOK_OPTION', 'deliver', nothing, { deadlineMs: 5 }, /cannot wait/],
    ['SLUICE_HOOK_OPTION', 'authorizeDeliver', nothing, { maxConcurrent: 1 }, /cannot wait/],
    ['SLUICE_HOOK_OPTION', 'published', nothing, { maxConcurrent: 1 }, /cannot wait/],
    ['SLUICE_HOOK_OPTION', 'connack', nothing, { deadlineMs: 5 }, /cannot wait/],
    ['SLUICE_HOOK_OPTION', 'enqueue', nothing, { deadlineMs: 5 }, /cannot wait/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { deadline: 5 }, /option deadline, .*deadlineMs/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { maxFailures: 0 }, /maxFailures/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { maxFailures: 2.5 }, /maxFailures/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { retryAfterMs: 0 }, /retryAfterMs/],
    ['SLUICE_HOOK_OPTION', 'connect', nothing, { retryAfterMs: Infinity }, /retryAfterMs/],
    ['SLUICE_HOOK_OPTION', 'published', nothing, { maxFailures: 5 }, /never suspended/],
    ['SLUICE_HOOK_OPTION', 'start', nothing, { maxFailures: 5 }, /never suspended/],
    ['SLUICE_HOOK_OPTION', 'close', nothing, { retryAfterMs: 5 }, /never suspended/],
  ])('refuses with %s: %s %s %j', (code, name, hook, options, message) => {
    const { table } = aTable();
    const add = () => table.add('p', name as 'connect', hook as never, options as HookOptions);
    expect(add).toThrow(message);
    expect(add).toThrow(expect.objectContaining({ name: 'BrokerError', code }));
  });
});

describe('an inner table', () => {
  it('has the hooks of the outer one beside its own, by priority, the outer ones first', () => {
    const { table } = aTable();
    const ran: string[] = [];
    const hook = (name: string) => () => void ran.push(name);
    table.add('outer', 'connected', hook('outer'));
    table.add('low', 'connected', hook('low'), { priority: -1 });
    const inner = table.inner();
    inner.add('inner', 'connected', hook('inner'));
    inner.add('first', 'connected', hook('first'), { priority: 1 });
    inner.runners().connected?.({ client, sessionPresent: false });
    expect(ran.splice(0)).toEqual(['first', 'outer', 'inner', 'low']);
    table.runners().connected?.({ client, sessionPresent: false });
    expect(ran).toEqual(['outer', 'low']);
  });

  it('starts, closes and counts its own alone', async () => {
    const { table } = aTable();
    const ran: string[] = [];
    table.add('outer', 'start', () => void ran.push('outer start'));
    table.add('outer', 'close', () => void ran.push('outer close'));
    const inner = table.inner();
    inner.add('inner', 'start', () => void ran.push('inner start'));
    inner.add('inner', 'close', () => void ran.push('inner close'));
    await inner.runners().start?.();
    await inner.runners().close?.();
    expect(ran).toEqual(['inner start', 'inner close']);
    expect(inner.statistics().map(({ plugin }) => plugin)).toEqual(['inner', 'inner']);
    expect(table.guard).toBe(inner.guard);
  });

  it('shares the failures of a hook of the outer one', () => {
    const { table } = aTable();
    table.add('outer', 'connection', () => JSON.parse('{'), { maxFailures: 2 });
    const inner = table.inner();
    inner.runners().connection?.({ connection });
    table.runners().connection?.({ connection });
    expect(table.statistics()).toMatchObject([{ suspended: true, failures: 2 }]);
  });
});

describe('observe', () => {
  it('reports what hooks throw and reject with, and tells the others', async () => {
    const { table, errors } = aTable();
    const cause = new Error('oops');
    const heard: unknown[] = [];
    table.add('a', 'published', () => {
      throw cause;
    });
    table.add('b', 'published', (async () => {
      throw 'later';
    }) as () => void);
    table.add('c', 'published', (event) => void heard.push(event));
    const event = { client, message: aMessage(), receivers: 2 };
    expect(table.runners().published?.(event)).toBeUndefined();
    await settled();
    expect(heard).toEqual([event]);
    expect(errors).toMatchObject([
      {
        code: 'SLUICE_HOOK_FAILED',
        message: 'The hook published of plug-in a failed: oops',
        cause,
      },
      { code: 'SLUICE_HOOK_FAILED', message: 'The hook published of plug-in b failed: later' },
    ]);
  });

  it('reports a single hook that throws', () => {
    const { table, errors } = aTable();
    table.add('a', 'disconnected', () => {
      throw new Error('oops');
    });
    const traffic = {
      durationMs: 1,
      bytesReceived: 0,
      bytesSent: 0,
      messagesReceived: 0,
      messagesSent: 0,
    };
    const event = { client, by: 'client', reasonCode: 0, error: undefined, traffic } as const;
    table.runners().disconnected?.(event);
    expect(errors).toHaveLength(1);
  });
});

describe('start', () => {
  it('awaits one hook after the other', async () => {
    const { table } = aTable();
    const ran: string[] = [];
    table.add('a', 'start', async () => {
      await settled();
      ran.push('a');
    });
    table.add('b', 'start', () => void ran.push('b'));
    await table.runners().start?.();
    expect(ran).toEqual(['a', 'b']);
  });

  it('throws the first failure, and starts nothing after it', async () => {
    const { table, errors } = aTable();
    const cause = new Error('no disk');
    const ran: string[] = [];
    table.add('a', 'start', async () => {
      throw cause;
    });
    table.add('b', 'start', () => void ran.push('b'));
    await expect(table.runners().start?.()).rejects.toMatchObject({
      code: 'SLUICE_HOOK_FAILED',
      message: 'The hook start of plug-in a failed: no disk',
      cause,
    });
    expect([ran, errors]).toEqual([[], []]);
  });

  it('takes as long as it needs, unless it was registered with a deadline, and says so once', async () => {
    const { table, environment, errors } = aTable();
    let finish = (): void => {};
    table.add('slow', 'start', () => new Promise<void>((resolve) => (finish = resolve)));
    table.add('bounded', 'start', () => new Promise<void>(() => {}), { deadlineMs: 100 });
    const started = table.runners().start?.();
    const failure = expect(started).rejects.toMatchObject({ code: 'SLUICE_HOOK_TIMEOUT' });
    environment.advance(1e9);
    expect(errors.map(({ message }) => message)).toEqual([
      'The hook start of plug-in slow has not ended in 10 seconds, and the broker waits for it.',
    ]);
    finish();
    await settled();
    environment.advance(100);
    await failure;
  });
});

describe('close', () => {
  it('runs all hooks in reverse order, and reports those that fail', async () => {
    const { table, environment, errors } = aTable();
    const ran: string[] = [];
    table.add('a', 'close', () => void ran.push('a'));
    table.add('b', 'close', () => {
      ran.push('b');
      throw new Error('oops');
    });
    table.add('c', 'close', () => {
      ran.push('c');
      return new Promise<void>(() => {});
    });
    const closed = table.runners().close?.();
    environment.advance(5_000);
    await closed;
    expect(ran).toEqual(['c', 'b', 'a']);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_TIMEOUT' }, { code: 'SLUICE_HOOK_FAILED' }]);
  });

  it('of the table leaves no timer behind', () => {
    const { table, environment } = aTable();
    table.add('hangs', 'connection', () => new Promise<Deny>(() => {}));
    void table.runners().connection?.({ connection });
    expect(environment.timers).toBe(1);
    table.close();
    expect(environment.timers).toBe(0);
  });
});

describe('an asynchronous hook', () => {
  it('is denied at its deadline, and ignored later', async () => {
    const { table, environment, errors } = aTable();
    let answer = (_: Deny): void => {};
    table.add('slow', 'authenticate', () => new Promise<Deny>((resolve) => (answer = resolve)));
    const decided = table.runners().authenticate?.(authenticateEvent);
    environment.advance(4_999);
    expect(errors).toEqual([]);
    environment.advance(1);
    expect(errors).toMatchObject([
      {
        code: 'SLUICE_HOOK_TIMEOUT',
        message: 'The hook authenticate of plug-in slow gave no answer within 5000 ms',
      },
    ]);
    answer(deny());
    expect(await decided).toEqual(deny(0x83));
    expect(errors).toHaveLength(1);
    expect(environment.timers).toBe(0);
  });

  it('may reject after its deadline without anybody hearing of it', async () => {
    const { table, environment, errors } = aTable();
    let reject = (_: Error): void => {};
    table.add('slow', 'authenticate', () => new Promise<Deny>((_, no) => (reject = no)), {
      deadlineMs: 10,
    });
    const decided = table.runners().authenticate?.(authenticateEvent);
    environment.advance(10);
    reject(new Error('too late'));
    expect(await decided).toEqual(deny(0x83));
    await settled();
    expect(errors.map((error) => (error as BrokerError).code)).toEqual(['SLUICE_HOOK_TIMEOUT']);
  });

  it('leaves no timer behind when it answers in time', async () => {
    const { table, environment } = aTable();
    table.add('p', 'authenticate', async () => deny());
    expect(await table.runners().authenticate?.(authenticateEvent)).toEqual(deny());
    expect(environment.timers).toBe(0);
  });

  it('that calls back twice has answered once', async () => {
    const { table, errors } = aTable();
    const twice = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
      then(resolve: (verdict: unknown) => void, reject: (error: Error) => void) {
        resolve(allow({ identity: 'first' }));
        resolve(deny());
        reject(new Error('third'));
      },
    };
    table.add('p', 'authenticate', () => twice as unknown as Promise<Verdict>);
    expect(await table.runners().authenticate?.(authenticateEvent)).toEqual(
      allow({ identity: 'first' }),
    );
    expect([errors, table.statistics()[0]]).toMatchObject([[], { calls: 1, pending: 0 }]);
  });

  it('whose promise throws when it is asked has failed', async () => {
    const { table, errors } = aTable();
    const broken = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
      get then(): never {
        throw new Error('no then');
      },
    };
    table.add('p', 'authenticate', () => broken as unknown as Promise<Verdict>);
    table.add('q', 'connected', () => broken as unknown as undefined);
    expect(await table.runners().authenticate?.(authenticateEvent)).toEqual(deny(0x83));
    table.runners().connected?.({ client, sessionPresent: false });
    expect(errors).toHaveLength(2);
  });
});

describe('a synchronous hook', () => {
  /** Promises that are made while something runs. */
  function promisesOf(run: () => void): number {
    let promises = 0;
    const watch = createHook({
      init(_, type) {
        if (type === 'PROMISE') promises++;
      },
    }).enable();
    run();
    watch.disable();
    return promises;
  }

  const message = aMessage();
  const events: [HookName, unknown, unknown][] = [
    ['connection', { connection }, allow()],
    ['connect', { connection, packet: { clientId: 'c' } }, { keepAlive: 5 }],
    ['authenticate', authenticateEvent, allow({ identity: 'i' })],
    ['publish', { client, message }, { topic: 'x' }],
    ['authorizePublish', { client, message, isWill: false }, allow()],
    ['retain', { client, message }, allow({ timeToLiveSeconds: 5 })],
    ['will', { client, message }, { retain: false }],
    ['unsubscribe', { client, filters: ['a'] }, ['b']],
    ['deliver', { client, message, qos: 0, retain: false }, { topic: 'x' }],
    ['enqueue', { client, message, qos: 1, queuedMessages: 0 }, allow()],
    ['published', { client, message, receivers: 0 }, undefined],
    ['packetSent', { connection, client, packet: { type: 13 } }, undefined],
  ];

  it.each(events)('%s makes no promise', (name, event, answer) => {
    for (const hooks of [1, 2]) {
      const { table } = aTable();
      for (let hook = 0; hook < hooks; hook++) {
        table.add('p', name, (() => answer) as () => undefined, { priority: hook });
      }
      const run = table.runners()[name] as (event: unknown) => unknown;
      let result: unknown;
      expect(promisesOf(() => (result = run(event)))).toBe(0);
      expect(result).not.toBeInstanceOf(Promise);
    }
    expect(promisesOf(() => void Promise.resolve({}))).toBe(1);
  });
});
