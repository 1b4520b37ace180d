import { MemoryPersistence } from '@sluice/persistence-memory';
import type { Plugin } from '@sluice/plugin';
import { expect, onTestFinished, test } from 'vitest';
import { createBroker } from '../../src/index.ts';
import { aMessage } from '../support/messages.ts';
import { aWill } from '../support/packets.ts';
import { levelStore, memoryStore } from '../support/stores.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

function failing(when: 'setup' | 'start'): Plugin {
  return aPlugin((context) => {
    if (when === 'setup') throw new Error('oops');
    context.hook('start', () => {
      throw new Error('oops');
    });
  }, 'failing');
}

/** Notes its life. */
function noting(name: string, log: string[]): Plugin {
  return aPlugin((context) => {
    context.hook('start', () => void log.push(`${name} starts`));
    context.hook('close', () => void log.push(`${name} closes`));
  }, name);
}

test.each([
  ['setup', ['two closes', 'one closes']],
  ['start', ['one starts', 'two starts', 'two closes', 'one closes']],
] as const)('a plug-in that fails in %s leaves no other one open', async (when, life) => {
  const log: string[] = [];
  const plugins = [noting('one', log), noting('two', log), failing(when)];
  await expect(createBroker({ plugins })).rejects.toThrow(/failing/);
  expect(log).toEqual(life);
});

test('a broker starts although its application cannot take the progress of that', async () => {
  const persistence = levelStore().persistence();
  await persistence.open();
  await persistence.commit([{ type: 'retain', message: aMessage({ topic: 'a', retain: true }) }]);
  await persistence.close();
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const broker = await createBroker({
    plugins: [aPlugin((context) => context.provide('persistence', persistence))],
    onProgress: (what) => {
      throw new Error(`what is ${what}?`);
    },
  });
  await broker.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(broker.stats.retainedMessages).toBe(1);
  expect(warnings.map(String)).toEqual(['Error: what is retained?']);
});

test('plug-ins are closed as well where the persistence cannot be opened', async () => {
  const log: string[] = [];
  const persistence = new MemoryPersistence();
  persistence.open = () => Promise.reject(new Error('no disk'));
  const store = aPlugin((context) => context.provide('persistence', persistence), 'store');
  const opening = createBroker({ plugins: [noting('one', log), store] });
  await expect(opening).rejects.toThrow('no disk');
  expect(log).toEqual(['one closes']);
});

test('what was restored does not go on after a start that failed', async () => {
  const store = memoryStore();
  const world = await startTestBroker({ store });
  const properties = { sessionExpiryInterval: 1_000 };
  const will = aWill('w', 'x', { properties: { willDelayInterval: 100 } });
  await (await world.connect('c', { properties, will })).drop();
  await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 50 } });
  await world.crash();
  const environment = new VirtualEnvironment();
  const provider = aPlugin((context) => context.provide('persistence', store.persistence()), 's');
  const plugins = [provider, failing('start')];
  await expect(createBroker({ environment, plugins })).rejects.toThrow(/failing/);
  expect(environment.timers).toBe(0);
});

test('a persistence that cannot be closed does not hide why the start failed', async () => {
  const persistence = new MemoryPersistence();
  persistence.close = () => Promise.reject(new Error('stuck'));
  const store = aPlugin((context) => context.provide('persistence', persistence), 'store');
  await expect(createBroker({ plugins: [store, failing('start')] })).rejects.toThrow(/failing/);
});

test('a scope whose plug-in cannot start closes the others, and its name is free again', async () => {
  const log: string[] = [];
  const { broker } = await startTestBroker();
  for (const when of ['setup', 'start'] as const) {
    const plugins = [noting('one', log), failing(when)];
    await expect(broker.scope({ name: 's', plugins })).rejects.toThrow(/failing/);
  }
  expect(log).toEqual(['one closes', 'one starts', 'one closes']);
  await broker.scope({ name: 's' });
});
