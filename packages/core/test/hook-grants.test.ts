import { allow, type ClientLimits, type HookName } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  aTable,
  authenticateEvent,
  client,
  connection,
  deliveryEvent,
  enqueueEvent,
} from './support/hooks.ts';

const events = {
  connection: { connection },
  authenticate: authenticateEvent,
  exchange: { connection, clientId: 'c', method: 'M', data: undefined, client: undefined },
  retain: { client, message: deliveryEvent.message },
  enqueue: enqueueEvent,
};

/** What hooks come to that grant this. */
function granted(name: keyof typeof events, ...grants: unknown[]) {
  const { table, errors } = aTable();
  for (const grant of grants) table.add('p', name as HookName, () => allow(grant) as never);
  const run = table.runners()[name] as (event: unknown) => { allowed: boolean; grant: unknown };
  const { allowed, grant } = run(events[name]);
  expect(errors).toHaveLength(allowed ? 0 : 1);
  return allowed ? grant : 'failed';
}

const full = {
  identity: 'me',
  attributes: { role: 'admin' },
  responseInformation: 'r/',
  limits: { maxQos: 1, maxPacketBytes: 128 },
  expiresAt: 1e12,
  reasonString: 'welcome',
  userProperties: [['a', 'b']],
};

describe('what a hook grants', () => {
  it.each([
    ['connection', { limits: { receiveMaximum: 5 } }],
    ['connection', {}],
    ['authenticate', full],
    ['exchange', { ...full, data: Uint8Array.of(1) }],
    ['retain', { timeToLiveSeconds: 0 }],
    ['enqueue', { timeToLiveSeconds: 4_294_967_295, replaceKey: 'k' }],
  ] as const)('is passed on by %s: %j', (name, grant) => {
    expect(granted(name, grant)).toEqual(grant);
  });

  it.each([
    ['connection', { limit: {} }],
    ['connection', { limits: null }],
    ['connection', { limits: { maxPaketBytes: 500 } }],
    ['connection', { limits: { maxConnections: 5 } }],
    ['connection', { limits: { maxPacketBytes: 127 } }],
    ['connection', { limits: { receiveMaximum: 0 } }],
    ['connection', { limits: { receiveMaximum: 1.5 } }],
    ['connection', { limits: { maxQueuedMessages: Infinity } }],
    ['connection', { limits: { maxQos: '1' } }],
    ['authenticate', { limits: { maxQos: 3 } }],
    ['authenticate', { data: Uint8Array.of(1) }],
    ['authenticate', { expiresAt: Infinity }],
    ['authenticate', { expiresAt: new Date(0) }],
    ['authenticate', { reasonString: 5 }],
    ['authenticate', { userProperties: [['a', 'b', 'c']] }],
    ['exchange', { expiresAt: Number.NaN }],
    ['retain', { timeToLiveSeconds: -1 }],
    ['retain', { timeToLiveSeconds: 0.5 }],
    ['retain', { replaceKey: 'k' }],
    ['enqueue', { timeToLiveSeconds: Infinity }],
    ['enqueue', { replaceKey: 7 }],
  ] as const)('is a failure of %s: %j', (name, grant) => {
    expect(granted(name, grant)).toBe('failed');
  });
});

describe('what several hooks grant', () => {
  const limits = (...all: ClientLimits[]) =>
    (granted('connection', ...all.map((each) => ({ limits: each }))) as { limits: ClientLimits })
      .limits;

  it('is the lowest of each limit', () => {
    expect(
      limits(
        { maxQos: 1, maxPacketBytes: 500 },
        { maxPacketBytes: 400, receiveMaximum: 5 },
        { maxQos: 2 },
      ),
    ).toEqual({ maxQos: 1, maxPacketBytes: 400, receiveMaximum: 5 });
  });

  it('knows that a Keep Alive of 0 is the longest', () => {
    expect(limits({ maxKeepAliveSeconds: 0 }, { maxKeepAliveSeconds: 60 })).toEqual({
      maxKeepAliveSeconds: 60,
    });
    expect(limits({ maxKeepAliveSeconds: 60 }, { maxKeepAliveSeconds: 0 })).toEqual({
      maxKeepAliveSeconds: 60,
    });
    expect(limits({ maxKeepAliveSeconds: 0 }, { maxKeepAliveSeconds: 0 })).toEqual({
      maxKeepAliveSeconds: 0,
    });
  });

  it('is the first that authenticators say, but the earliest end and the lowest limits', () => {
    expect(
      granted(
        'authenticate',
        { expiresAt: 2_000, limits: { maxQos: 2 } },
        { ...full, identity: undefined },
        { identity: 'other', reasonString: 'no', expiresAt: 1_000, limits: { maxQos: 0 } },
      ),
    ).toEqual({
      ...full,
      identity: 'other',
      expiresAt: 1_000,
      limits: { maxQos: 0, maxPacketBytes: 128 },
    });
  });

  it('is the lowest time to live, and the first key', () => {
    const grants = [{ replaceKey: 'a', timeToLiveSeconds: 9 }, {}, { timeToLiveSeconds: 5 }];
    expect(granted('enqueue', ...grants, { replaceKey: 'b' })).toEqual({
      replaceKey: 'a',
      timeToLiveSeconds: 5,
    });
    expect(granted('retain', { timeToLiveSeconds: 5 }, { timeToLiveSeconds: 6 })).toEqual({
      timeToLiveSeconds: 5,
    });
    expect(granted('retain', {}, {})).toEqual({});
  });
});

describe.each(['connection', 'retain', 'enqueue'] as const)('%s', (name) => {
  it('is allowed when nobody has an opinion', () => {
    const { table } = aTable();
    table.add('p', name as HookName, () => {});
    const run = table.runners()[name] as (event: unknown) => unknown;
    expect(run(events[name])).toEqual(allow());
  });
});
