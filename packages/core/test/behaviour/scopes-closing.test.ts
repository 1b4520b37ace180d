import type { DisconnectedEvent } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { aWill } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('closing a scope', () => {
  test('ends its connections, publishes their wills, closes its plug-ins, and leaves the others', async () => {
    const log: string[] = [];
    const life = aPlugin((context) => {
      context.hook('start', () => void log.push('start'));
      context.hook('close', () => void log.push('close'));
      context.hook('disconnected', ({ client }: DisconnectedEvent) => {
        log.push(`disconnected ${client.clientId}`);
      });
      context.hook('will', async () => void log.push('will'));
    });
    const world = await startTestBroker();
    const scope = await world.broker.scope({ name: 's', plugins: [life] });
    expect(log).toEqual(['start']);
    const outside = await world.connect('out');
    await outside.subscribe('#');
    const inside = world.client(5, {}, scope);
    await inside.connect({ clientId: 'in', ...durable, will: aWill('gone') });
    const closing = scope.close();
    await world.settle();
    await closing;
    expect(inside.disconnectCode).toBe(0x8b);
    expect(await outside.payloads()).toEqual(['gone']);
    expect(log).toEqual(['start', 'will', 'disconnected in', 'close']);
    expect([outside.closed, world.broker.stats.sessions]).toEqual([false, 2]);
    const late = world.client(5, {}, scope);
    await world.settle();
    expect(late.closed).toBe(true);
    await scope.close();
    expect(log.filter((entry) => entry === 'close')).toHaveLength(1);
    // The name is free again.
    await world.broker.scope({ name: 's' });
  });

  test('the broker closes its scopes, the last one first, before its own plug-ins', async () => {
    const log: string[] = [];
    const closing = (name: string) =>
      aPlugin((context) => context.hook('close', () => void log.push(name)), name);
    const world = await startTestBroker({ plugins: [closing('broker')] });
    const one = await world.broker.scope({ name: 'one', plugins: [closing('one')] });
    await world.broker.scope({ name: 'two', plugins: [closing('two')] });
    const client = world.client(5, {}, one);
    await client.connect({ clientId: 'c' });
    const closed = world.broker.close({ serverReference: 'other.example' });
    await world.settle();
    await closed;
    expect(client.disconnectCode).toBe(0x9c);
    expect(log).toEqual(['two', 'one', 'broker']);
    await expect(world.broker.scope({ name: 'three' })).rejects.toMatchObject({
      code: 'SLUICE_CLOSED',
    });
  });

  test('a scope that is made while the broker closes is not left open', async () => {
    const gate = new Gate();
    const log: string[] = [];
    const slow = aPlugin((context) => {
      context.hook('start', gate.wait);
      context.hook('close', () => void log.push('close'));
    });
    const world = await startTestBroker();
    const made = world.broker.scope({ name: 's', plugins: [slow] });
    made.catch(() => {});
    await world.settle();
    const closed = world.broker.close();
    gate.open();
    await world.settle();
    await closed;
    await expect(made).rejects.toMatchObject({ code: 'SLUICE_CLOSED' });
    expect(log).toEqual(['close']);
  });

  test('what its clients left behind is still asked about with its hooks, in time', async () => {
    const world = await startTestBroker();
    const silent = aPlugin((context) => context.hook('will', () => new Promise(() => {})));
    const scope = await world.broker.scope({ name: 's', plugins: [silent] });
    const delayed = aWill('gone', 'x', { properties: { willDelayInterval: 5 } });
    const client = world.client(5, {}, scope);
    await client.connect({ clientId: 'c', ...durable, will: delayed });
    const closing = scope.close();
    await world.settle();
    await closing;
    await world.advance(5_001);
    expect(world.broker.stats.dropped.get('hook')).toBe(0);
    await world.advance(5_000);
    expect(world.broker.stats.dropped.get('hook')).toBe(1);
    expect(world.errors).toMatchObject([{ code: 'SLUICE_HOOK_TIMEOUT' }]);
  });
});
