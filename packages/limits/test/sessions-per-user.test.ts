import { ReasonCode } from '@sluice/packet';
import type { Client, DisconnectedEvent, Hooks } from '@sluice/plugin';
import { emptyBroker, stillClock } from '@sluice/plugin/testing';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../core/test/support/stores.ts';
import { type SessionsPerUserOptions, sessionsPerUser } from '../src/sessions-per-user.ts';
import { limitedBroker } from './limited-broker.ts';

function start(options: SessionsPerUserOptions) {
  return limitedBroker(() => [sessionsPerUser(options)], { store: memoryStore() });
}

const anna = { userName: 'anna', cleanStart: true } as const;
const stored = {
  userName: 'anna',
  cleanStart: false,
  properties: { sessionExpiryInterval: 3_600 },
} as const;

describe('sessionsPerUser', () => {
  it('refuse: disconnects the client that is one too many, and only that', async () => {
    const { world, told } = await start({ maximum: 2, onLimit: 'refuse' });
    const first = await world.connect('a1', anna);
    const second = await world.connect('a2', anna);
    const third = await world.connect('a3', anna);
    await world.settle();
    expect([first.closed, second.closed, third.closed]).toEqual([false, false, true]);
    expect(third.disconnectCode).toBe(ReasonCode.quotaExceeded);
    expect(told).toEqual([
      expect.objectContaining({ limit: 'sessions-per-user', action: 'closed', clientId: 'a3' }),
    ]);
    const ben = await world.connect('b1', { userName: 'ben' });
    expect(ben.closed).toBe(false);
  });

  it('refuse: has room again when a client leaves', async () => {
    const { world } = await start({ maximum: 1, onLimit: 'refuse' });
    const first = await world.connect('a1', anna);
    await first.disconnect();
    const second = await world.connect('a2', anna);
    await world.settle();
    expect(second.closed).toBe(false);
  });

  it('refuse: leaves no session behind of whom it refused, but keeps the one that was there', async () => {
    const { world } = await start({ maximum: 1, onLimit: 'refuse' });
    const before = await world.connect('a2', stored);
    await before.disconnect();
    await world.connect('a1', anna);
    await world.connect('a2', stored);
    await world.connect('a3', stored);
    await world.settle();
    expect(world.broker.stats.sessions).toBe(2);
  });

  it('takes a client that comes back for the same', async () => {
    const { world } = await start({ maximum: 1, onLimit: 'refuse' });
    const first = await world.connect('a1', anna);
    const again = await world.connect('a1', anna);
    await world.settle();
    expect([first.closed, again.closed]).toEqual([true, false]);
    const other = await world.connect('a2', anna);
    await world.settle();
    expect(other.closed).toBe(true);
  });

  it('disconnect-oldest: the one that came first has to go', async () => {
    const { world, told } = await start({ maximum: 2, onLimit: 'disconnect-oldest' });
    const first = await world.connect('a1', anna);
    const second = await world.connect('a2', anna);
    await world.connect('a1', anna); // a1 is the younger one now
    const third = await world.connect('a3', anna);
    await world.settle();
    expect([first.closed, second.closed, third.closed]).toEqual([true, true, false]);
    expect(second.disconnectCode).toBe(ReasonCode.quotaExceeded);
    expect(told.map(({ clientId }) => clientId)).toEqual(['a2']);
  });

  it('does not count anonymous clients', async () => {
    const { world } = await start({ maximum: 1, onLimit: 'refuse' });
    const clients = [await world.connect('x'), await world.connect('y')];
    await world.settle();
    expect(clients.map(({ closed }) => closed)).toEqual([false, false]);
  });

  it('asks for the maximum of each client', async () => {
    const maximum = ({ identity }: { identity: string }) => (identity === 'root' ? Infinity : 1);
    const { world } = await start({ maximum, onLimit: 'refuse' });
    const clients = [];
    for (const name of ['r1', 'r2', 'r3']) {
      clients.push(await world.connect(name, { userName: 'root' }));
    }
    await world.settle();
    expect(clients.some(({ closed }) => closed)).toBe(false);
  });

  it.each([
    ['NaN', () => Number.NaN],
    ['undefined', () => undefined],
    ['a promise', async () => 2],
  ])('has no room for anybody where the maximum is %s', async (_what, answer) => {
    const maximum = answer as unknown as () => number;
    const { world } = await start({ maximum, onLimit: 'refuse' });
    const client = await world.connect('a1', anna);
    await world.settle();
    expect(client.closed).toBe(true);
  });

  it('has no room where the maximum cannot be told', async () => {
    const { world } = await start({
      maximum: () => {
        throw new Error('the database is down');
      },
      onLimit: 'refuse',
    });
    const client = await world.connect('a1', anna);
    await world.settle();
    expect(client.disconnectCode).toBe(ReasonCode.quotaExceeded);
    expect(world.errors.map(({ message }) => message)).toEqual(['the database is down']);
  });

  it('sessions: counts those of absent clients, also of before the last start', async () => {
    const { world } = await start({ maximum: 2, onLimit: 'refuse', count: 'sessions' });
    for (const name of ['a1', 'a2']) await (await world.connect(name, stored)).disconnect();
    await world.restart();
    const third = await world.connect('a3', stored);
    await world.settle();
    expect(third.closed).toBe(true);
    const again = await world.connect('a1', stored);
    await world.settle();
    expect(again.closed).toBe(false);
  });

  it('sessions: ends the oldest session, connected or not', async () => {
    const { world } = await start({ maximum: 1, onLimit: 'disconnect-oldest', count: 'sessions' });
    await (await world.connect('a1', stored)).disconnect();
    const second = await world.connect('a2', stored);
    await world.settle();
    expect(second.closed).toBe(false);
    expect(world.broker.stats.sessions).toBe(1);
    // Its place is free when a session ends by itself.
    await second.disconnect(0, { sessionExpiryInterval: 0 });
    const third = await world.connect('a3', stored);
    await world.settle();
    expect(third.closed).toBe(false);
  });

  it('sessions: one that was taken up again is not the oldest', async () => {
    const { world, told } = await start({
      maximum: 2,
      onLimit: 'disconnect-oldest',
      count: 'sessions',
    });
    for (const name of ['a1', 'a2', 'a1']) await (await world.connect(name, stored)).disconnect();
    await world.connect('a3', stored);
    await world.settle();
    expect(told.map(({ clientId }) => clientId)).toEqual(['a2']);
  });

  it('sessions: of a scope, forgets those that ended elsewhere', async () => {
    const { world } = await limitedBroker(() => []);
    await world.connect('before', stored);
    const scope = await world.broker.scope({
      name: 'public',
      plugins: [sessionsPerUser({ maximum: 1, onLimit: 'refuse', count: 'sessions' })],
    });
    const guest = async (clientId: string) => {
      const client = world.client(5, {}, scope);
      await client.connect({ ...stored, clientId });
      await world.settle();
      return client;
    };
    expect((await guest('one')).closed).toBe(true);
    void world.broker.sessions.end('before');
    await world.settle();
    expect((await guest('one')).closed).toBe(false);
    // It moves out of the scope, and ends there.
    await world.connect('one', stored);
    void world.broker.sessions.end('one');
    await world.settle();
    expect((await guest('two')).closed).toBe(false);
    expect((await guest('three')).closed).toBe(true);
  });

  it('does not take the end of an old connection for that of the new one', async () => {
    const hooks: Partial<Hooks> = {};
    const disconnected: string[] = [];
    const broker = emptyBroker({
      disconnect(clientId) {
        disconnected.push(clientId);
        return true;
      },
    });
    const plugin = sessionsPerUser({ maximum: 1, onLimit: 'refuse' });
    await plugin.setup({
      hook(name, hook) {
        hooks[name] = hook;
      },
      provide() {},
      broker,
      clock: stillClock,
      reportError() {},
    });
    const connect = (clientId: string, id: string) => {
      const client = { clientId, identity: 'anna', connection: { id } } as Client;
      hooks.connected?.({ client, sessionPresent: false });
      return client;
    };
    const before = connect('a1', 'first');
    connect('a1', 'second');
    hooks.disconnected?.({ client: before } as DisconnectedEvent);
    connect('a2', 'third');
    expect(disconnected).toEqual(['a2']);
  });

  it.each([
    [{ maximum: 0, onLimit: 'refuse' }],
    [{ maximum: 1, onLimit: 'drop' }],
    [{ maximum: 1, onLimit: 'refuse', count: 'all' }],
    [{ max: 1, onLimit: 'refuse' }],
  ])('refuses options that cannot be right: %j', (options) => {
    expect(() => sessionsPerUser(options as unknown as SessionsPerUserOptions)).toThrow(
      expect.objectContaining({ code: 'SLUICE_LIMITS_OPTIONS' }),
    );
  });
});
