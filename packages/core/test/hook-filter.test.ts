import { allow, deny, type HookName, type HookOptions, type Verdict } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  aTable,
  authenticateEvent,
  client,
  connectEvent,
  connection,
  deliveryEvent,
  disconnectEvent,
  enqueueEvent,
  overflowEvent,
  routeEvent,
  sessionEvent,
} from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const message = aMessage({ topic: 'a/b' });
const subscription = {
  filter: 'a/+',
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const;

/** Whether a hook with this filter is called. */
function isCalled(name: string, filter: HookOptions['filter'], event: unknown): boolean {
  const { table, errors } = aTable();
  let called = false;
  const hook = (): void => {
    called = true;
  };
  table.add('p', name as HookName, hook as () => undefined, { filter: filter ?? {} });
  const run = table.runners()[name as 'published'] as unknown as (event: unknown) => unknown;
  run(event);
  expect(errors).toEqual([]);
  return called;
}

const messageEvents: [string, object][] = [
  ['publish', { client, message }],
  ['authorizePublish', { client, message, isWill: false }],
  ['retain', { client, message }],
  ['route', { ...routeEvent, message }],
  ['selectShared', { sharedFilter: '$share/g/#', members: [], message }],
  ['enqueue', { ...enqueueEvent, message }],
  ['overflow', { ...overflowEvent, message }],
  ['published', { client, message, receivers: 1 }],
  ['authorizeDeliver', { ...deliveryEvent, message }],
  ['deliver', { ...deliveryEvent, message }],
  ['delivered', { ...deliveryEvent, message }],
  ['acknowledged', { client, message, qos: 1, reasonCode: 0 }],
  ['refused', { client, message, qos: 1, reasonCode: 0x83 }],
  ['dropped', { clientId: 'c', message, reason: 'offline' }],
  ['expired', { clientId: 'c', message }],
  ['will', { client, message }],
];

const subscriptionEvents: [string, object][] = [
  ['subscribe', { client, subscriptions: [{ ...subscription, filter: 'z' }, subscription] }],
  ['authorizeSubscribe', { client, subscription }],
  ['subscribed', { client, subscription }],
  ['unsubscribe', { client, filters: ['z', 'a/+'] }],
  ['unsubscribed', { client, filter: 'a/+' }],
];

const clientEvents: [string, object][] = [
  ...messageEvents.filter(([name]) => name !== 'selectShared'),
  ...subscriptionEvents,
  ['connect', connectEvent],
  ['authenticate', authenticateEvent],
  ['exchange', { connection, clientId: 'c', method: 'M', data: undefined, client: undefined }],
  ['session', sessionEvent],
  ['connack', { client, sessionPresent: false, properties: {} }],
  ['connected', { client, sessionPresent: false }],
  ['takenOver', { client, previous: client }],
  ['resumed', { client, session: sessionEvent.session }],
  ['disconnect', disconnectEvent],
  ['disconnected', { client, by: 'client', reasonCode: 0, error: undefined }],
  ['ended', { client, reason: 'expired' }],
  ['packetReceived', { connection, client, packet: { type: 12 } }],
  ['packetSent', { connection, client, packet: { type: 13 } }],
  ['limited', { limit: 'x', action: 'closed', connection, clientId: 'c' }],
  ['policyChanged', { clientId: 'c' }],
];

describe('a filter by topic', () => {
  it.each(messageEvents)('of %s is about the topic of the message', (name, event) => {
    expect(isCalled(name, { topic: 'a/#' }, event)).toBe(true);
    expect(isCalled(name, { topic: 'b/#' }, event)).toBe(false);
  });

  it.each(subscriptionEvents)('of %s is about the filters of the event', (name, event) => {
    expect(isCalled(name, { topic: 'a/b' }, event)).toBe(true);
    expect(isCalled(name, { topic: 'b/#' }, event)).toBe(false);
  });

  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'ab', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['+/b', 'a/b', true],
    ['+/#', 'a', true],
    ['a/+/#', 'a/b/c', true],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/+b', 'a/+b', undefined],
  ])('%s passes a message of %s: %s', (topic, published, passes) => {
    const event = { client, message: aMessage({ topic: published }), receivers: 0 };
    if (passes === undefined) {
      expect(() => isCalled('published', { topic }, event)).toThrow(/no valid topic filter/);
    } else expect(isCalled('published', { topic }, event)).toBe(passes);
  });

  it('does not pass an acknowledgement of a message that is not known any more', () => {
    const event = { client, message: undefined, qos: 2, reasonCode: 0 };
    expect(isCalled('acknowledged', { topic: '#' }, event)).toBe(false);
    expect(isCalled('acknowledged', { clientIdPrefix: 'c' }, event)).toBe(true);
  });
});

describe('a filter by client identifier', () => {
  it.each(clientEvents)('of %s is about the client of the event', (name, event) => {
    expect(isCalled(name, { clientIdPrefix: 'c' }, event)).toBe(true);
    expect(isCalled(name, { clientIdPrefix: 'C' }, event)).toBe(false);
    expect(isCalled(name, { clientIdPrefix: 'c-1' }, event)).toBe(false);
  });

  it.each([
    ['publish', { client: undefined, message }],
    ['published', { client: undefined, message, receivers: 0 }],
    ['dropped', { clientId: undefined, message, reason: 'hook' }],
    ['packetReceived', { connection, client: undefined, packet: connectEvent.packet }],
    ['limited', { limit: 'x', action: 'closed', connection, clientId: undefined }],
  ])('of %s does not pass what is about no client', (name, event) => {
    expect(isCalled(name, { clientIdPrefix: 'c' }, event)).toBe(false);
  });

  it('of policyChanged passes a change of the rights of anybody', () => {
    expect(isCalled('policyChanged', { clientIdPrefix: 'c' }, { clientId: undefined })).toBe(true);
  });

  it('has to match beside the topic', () => {
    const event = { client, message, receivers: 0 };
    expect(isCalled('published', { topic: 'a/b', clientIdPrefix: 'c' }, event)).toBe(true);
    expect(isCalled('published', { topic: 'a/b', clientIdPrefix: 'd' }, event)).toBe(false);
    expect(isCalled('published', { topic: 'a/c', clientIdPrefix: 'c' }, event)).toBe(false);
    expect(isCalled('published', {}, event)).toBe(true);
  });
});

describe('what a filter passes over', () => {
  it('leaves a decision without an opinion: denied, unless somebody allows', () => {
    const { table } = aTable();
    const event = { client, message, isWill: false };
    table.add('p', 'authorizePublish', () => allow(), { filter: { topic: 'b/#' } });
    expect(table.runners().authorizePublish?.(event)).toEqual(deny());
    table.add('q', 'authorizePublish', () => allow(), { filter: { topic: 'a/#' } });
    expect(table.runners().authorizePublish?.(event)).toEqual(allow());
  });

  it('leaves a value as it is', () => {
    const { table } = aTable();
    table.add('p', 'publish', () => ({ topic: 'x' }), { filter: { topic: 'b/#' } });
    const event = { client, message };
    expect(table.runners().publish?.(event)).toBe(event);
  });

  it('does not wait in line, and is no call', async () => {
    const { table } = aTable();
    const options = { maxConcurrent: 1, filter: { topic: 'b/#' } };
    table.add('p', 'publish', () => new Promise(() => {}), options);
    void table.runners().publish?.({ client, message: aMessage({ topic: 'b/c' }) });
    expect(table.runners().publish?.({ client, message })).toEqual({ client, message });
    expect(table.statistics()).toMatchObject([{ calls: 1, pending: 1, waiting: 0 }]);
  });
});

describe('authorizeSubscribe with a filter by topic', () => {
  const ask = (topic: string, filter: string, verdict: Verdict, later = false) => {
    const { table } = aTable();
    const hook = () => (later ? Promise.resolve(verdict) : verdict);
    table.add('narrow', 'authorizeSubscribe', hook, { filter: { topic } });
    table.add('wide', 'authorizeSubscribe', () => allow(), { filter: { topic: 'never' } });
    return table
      .runners()
      .authorizeSubscribe?.({ client, subscription: { ...subscription, filter } });
  };
  const noOpinion = deny();
  const no = deny(0x97);

  it.each([
    ['s/#', 's/#'],
    ['s/#', 's'],
    ['s/#', 's/+/x'],
    ['s/+', 's/+'],
    ['s/+/x', 's/b/x'],
    ['#', '+/a/#'],
    ['s/#', '$share/g/s/x'],
    ['$SYS/#', '$SYS/+'],
  ])('with %s may allow %s, which lies within', async (topic, filter) => {
    expect(ask(topic, filter, allow())).toEqual(allow());
    expect(await ask(topic, filter, allow(), true)).toEqual(allow());
    expect(ask(topic, filter, no)).toEqual(no);
  });

  it.each([
    ['s/#', '#'],
    ['s/#', '+/x'],
    ['s/+', 's/#'],
    ['s/x', 's/+'],
    ['s/+/x', 's/b/+'],
    ['s/x', '$share/g/#'],
    ['+/x', '+/#'],
  ])('with %s may deny %s, which reaches into it, but not allow it', async (topic, filter) => {
    expect(ask(topic, filter, no)).toEqual(no);
    expect(await ask(topic, filter, no, true)).toEqual(no);
    expect(ask(topic, filter, allow())).toEqual(noOpinion);
    expect(await ask(topic, filter, allow(), true)).toEqual(noOpinion);
  });

  it.each([
    ['s/#', 't/#'],
    ['s/+/x', 's/+/y'],
    ['s/x', 's/x/+'],
    ['#', '$SYS/#'],
    ['$SYS/#', '#'],
    ['$SYS/#', '+/x'],
    ['s/#', '$share/s/t'],
  ])('with %s is not asked about %s', (topic, filter) => {
    expect(ask(topic, filter, no)).toEqual(noOpinion);
  });
});

describe('a filter that makes no sense', () => {
  it.each([
    ['connect', { topic: 'a' }, /called for no message and no subscription/],
    ['packetReceived', { topic: 'a' }, /called for no message/],
    ['start', { topic: 'a' }, /called for no message/],
    ['connection', { clientIdPrefix: 'a' }, /called for no client/],
    ['selectShared', { clientIdPrefix: 'a' }, /called for no client/],
    ['close', { clientIdPrefix: 'a' }, /called for no client/],
    ['publish', { topic: '' }, /no valid topic filter/],
    ['publish', { topic: 'a/#/b' }, /no valid topic filter/],
    ['publish', { topic: 5 }, /no valid topic filter/],
    ['publish', { topic: '$share/g/a' }, /\$share/],
    ['publish', { clientIdPrefix: '' }, /empty/],
    ['publish', { clientIdPrefix: 7 }, /no string/],
    ['publish', { topics: 'a' }, /filter with topics/],
    ['publish', 'a/#', /no object/],
    ['publish', null, /no object/],
  ])('is refused: %s %j', (name, filter, said) => {
    const { table } = aTable();
    const add = () => table.add('p', name as HookName, () => {}, { filter } as HookOptions);
    expect(add).toThrow(expect.objectContaining({ code: 'SLUICE_HOOK_OPTION' }));
    expect(add).toThrow(said);
  });
});
