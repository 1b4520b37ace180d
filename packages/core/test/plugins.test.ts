import {
  BrokerError,
  type Matcher,
  type Persistence,
  type Plugin,
  type PluginContext,
} from '@sluice/plugin';
import { emptyBroker } from '@sluice/plugin/testing';
import { describe, expect, it } from 'vitest';
import { setUpPlugins } from '../src/hooks/plugins.ts';
import { aTable, client, settled } from './support/hooks.ts';

const broker = emptyBroker();

const persistence: Persistence = {
  open: async () => Promise.reject(new Error('not used')),
  commit: () => {},
  readQueue: () => [],
  close: async () => {},
};

const matcher = <Value>(): Matcher<Value> => ({
  add: () => {},
  remove: () => false,
  match: () => {},
  size: 0,
});

function plugin(name: string, setup: Plugin['setup']): Plugin {
  return { name, setup };
}

function setUp(...plugins: Plugin[]) {
  const { table, environment, errors } = aTable();
  const done = setUpPlugins(plugins, table, {
    broker,
    environment,
    reportError: (error) => errors.push(error),
  });
  return { table, environment, errors, done };
}

describe('setUpPlugins', () => {
  it('sets up one after the other', async () => {
    const order: string[] = [];
    await setUp(
      plugin('a', async () => {
        await settled();
        order.push('a');
      }),
      plugin('b', () => void order.push('b')),
    ).done;
    expect(order).toEqual(['a', 'b']);
  });

  it('registers hooks under the name of the plug-in', async () => {
    const { table, errors, done } = setUp(
      plugin('a', ({ hook }) => {
        hook('connected', () => {
          throw new Error('oops');
        });
      }),
    );
    await done;
    table.runners().connected?.({ client, sessionPresent: false });
    expect(errors[0]?.message).toBe('The hook connected of plug-in a failed: oops');
  });

  it('gives what was provided, and nothing else', async () => {
    const { done } = setUp(
      plugin('a', (context) => context.provide('persistence', persistence)),
      plugin('b', (context) => context.provide('matcher', matcher)),
    );
    expect(await done).toEqual({ persistence, matcher });
    expect(await setUp().done).toEqual({});
  });

  it('hands over the services of the broker', async () => {
    const { errors, done } = setUp(
      plugin('a', (context) => {
        expect(context.broker).toBe(broker);
        context.reportError(new Error('seen'));
      }),
    );
    await done;
    expect(errors.map(({ message }) => message)).toEqual(['seen']);
  });

  it.each<[string, RegExp, Plugin[]]>([
    [
      'SLUICE_PLUGIN_TWICE',
      /two plug-ins with the name a/,
      [plugin('a', () => {}), plugin('a', () => {})],
    ],
    [
      'SLUICE_SERVICE_TWICE',
      /Plug-in b provides matcher, which plug-in a provides/,
      [
        plugin('a', (context) => context.provide('matcher', matcher)),
        plugin('b', (context) => context.provide('matcher', matcher)),
      ],
    ],
    [
      'SLUICE_UNKNOWN_SERVICE',
      /Plug-in a provides metrics/,
      [plugin('a', (context) => context.provide('metrics' as 'matcher', matcher))],
    ],
    [
      'SLUICE_SERVICE_INVALID',
      /plug-in a provides as persistence lacks the functions open, commit, readQueue, close\.$/,
      [plugin('a', (context) => context.provide('persistence', {} as Persistence))],
    ],
    [
      'SLUICE_SERVICE_INVALID',
      /plug-in a provides as matcher is no function that makes a matcher\.$/,
      [plugin('a', (context) => context.provide('matcher', matcher() as never))],
    ],
    [
      'SLUICE_UNKNOWN_HOOK',
      /Plug-in a registers a hook conect/,
      [plugin('a', (context) => context.hook('conect' as 'connect', () => {}))],
    ],
    [
      'SLUICE_RULES',
      /line 3/,
      [
        plugin('a', () => {
          throw new BrokerError('SLUICE_RULES', 'line 3');
        }),
      ],
    ],
  ])('refuses with %s', async (code, message, plugins) => {
    const { done } = setUp(...plugins);
    const error = await done.catch((thrown: BrokerError) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('names the plug-in that fails, and sets up none after it', async () => {
    const cause = new Error('oops');
    let later = false;
    const { done } = setUp(
      plugin('a', async () => {
        throw cause;
      }),
      plugin('b', () => {
        later = true;
      }),
    );
    await expect(done).rejects.toMatchObject({
      code: 'SLUICE_PLUGIN_FAILED',
      message: 'The setup of plug-in a failed: oops',
      cause,
    });
    expect(later).toBe(false);
  });

  it('says whom it waits for when that takes long', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { environment, errors, done } = setUp(plugin('slow', () => ended));
    environment.advance(9_999);
    expect(errors).toEqual([]);
    environment.advance(1);
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'SLUICE_START_WAITS',
        message: expect.stringContaining('The setup of plug-in slow '),
      }),
    ]);
    end();
    await done;
    environment.advance(100_000);
    expect(errors.length).toBe(1);
  });

  it('lets nothing be registered after the setup', async () => {
    let context: PluginContext | undefined;
    await setUp(
      plugin('a', (given) => {
        context = given;
      }),
    ).done;
    const late = expect.objectContaining({ code: 'SLUICE_SETUP_OVER' });
    expect(() => context?.hook('connected', () => {})).toThrow(late);
    expect(() => context?.provide('matcher', matcher)).toThrow(late);
    expect(() => context?.reportError(new Error('still heard'))).not.toThrow();
  });
});
