import { createBroker } from '@sluice/core';
import { MemoryPersistence, memory } from '@sluice/persistence-memory';
import type { Message, Operation, PluginContext } from '@sluice/plugin';
import { describePersistence } from '@sluice/plugin/testing';
import { describe, expect, it } from 'vitest';

describePersistence({
  describe,
  it,
  capabilities: { durable: false },
  create() {
    const persistence = new MemoryPersistence();
    return { connect: () => persistence };
  },
});

const body: Message = {
  number: 1,
  topic: 'a',
  payload: Buffer.alloc(1),
  qos: 1,
  retain: false,
  properties: {},
  publisherId: '',
  receivedAt: 0,
  expiresAt: Number.POSITIVE_INFINITY,
};
const enqueue = (session: number, sequence: number): Operation => ({
  type: 'enqueue',
  session,
  sequence,
  message: 1,
  qos: 1,
  retain: false,
  subscriptionIdentifiers: [],
});

describe('a body in memory', () => {
  const isHeld = (persistence: MemoryPersistence): boolean => {
    persistence.commit([enqueue(9, 0)]);
    return persistence.readQueue(9, -1, 1)[0]?.message !== undefined;
  };

  it('is what was stored, in every queue', () => {
    const persistence = new MemoryPersistence();
    expect(
      persistence.commit([{ type: 'store', message: body }, enqueue(1, 0), enqueue(2, 0)]),
    ).toBeUndefined();
    expect(persistence.readQueue(1, -1, 1)[0]?.message).toEqual(body);
    expect(persistence.readQueue(2, -1, 1)[0]?.message).toEqual(body);
  });

  const endings: [string, Operation][] = [
    ['dequeued', { type: 'dequeue', session: 1, sequence: 0, message: 1 }],
    ['released', { type: 'release', session: 1, sequence: 0, message: 1 }],
    ['gone with its session', { type: 'endSession', session: 1, clientId: 'c' }],
  ];
  it.each(endings)('is let go when its last reference is %s', (_, ending) => {
    const persistence = new MemoryPersistence();
    persistence.commit([{ type: 'store', message: body }, enqueue(1, 0)]);
    persistence.commit([ending]);
    expect(isHeld(persistence)).toBe(false);
  });

  it('is not kept without any reference', () => {
    const persistence = new MemoryPersistence();
    persistence.commit([{ type: 'store', message: body }]);
    expect(isHeld(persistence)).toBe(false);
  });
});

it('the plug-in provides the persistence', async () => {
  const provided: unknown[] = [];
  const context: Pick<PluginContext, 'provide' | 'hook'> = {
    provide: (name, service) => provided.push(name, service),
    hook: () => {},
  };
  await memory().setup(context as PluginContext);
  expect(provided).toEqual(['persistence', expect.any(MemoryPersistence)]);
});

it('is refused by a second broker, which would give its messages the numbers of the first', async () => {
  const store = memory();
  const first = await createBroker({ plugins: [store] });
  await expect(createBroker({ plugins: [store] })).rejects.toMatchObject({
    code: 'SLUICE_PLUGIN_TWICE',
  });
  await first.publish({ topic: 'a', payload: 'kept', retain: true });
  await first.close();
  const second = await createBroker({ plugins: [store] });
  expect(String(second.retained.get('a')?.payload)).toBe('kept');
  await second.close();
});
