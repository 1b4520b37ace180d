import type { ConnectChanges, MessageChanges } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { applyConnect, applyDeliver, applyMessage, applySubscribe } from '../src/hook-events.ts';
import { client, connectEvent, deliveryEvent, subscribeEvent } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const refusal = expect.objectContaining({ code: 'SLUICE_HOOK_ANSWER' });

const will = {
  topic: 'w',
  payload: Uint8Array.of(1),
  qos: 2,
  retain: true,
  properties: { willDelayInterval: 5, contentType: 'x' },
} as const;

describe('applyConnect', () => {
  it('changes fields of CONNECT', () => {
    const changes = {
      clientId: 'tenant-c',
      userName: 'u',
      password: Uint8Array.of(1),
      keepAlive: 0,
      cleanStart: false,
      will,
    };
    const changed = applyConnect(connectEvent, changes);
    expect(changed).toEqual({ ...connectEvent, packet: { ...connectEvent.packet, ...changes } });
    expect(connectEvent.packet.clientId).toBe('c');
  });

  it('leaves alone what is undefined', () => {
    const changes = { clientId: undefined, will: undefined } as unknown as ConnectChanges;
    expect(applyConnect(connectEvent, changes)).toStrictEqual(connectEvent);
  });

  it.each([
    { clientID: 'x' },
    { properties: {} },
    { protocolVersion: 4 },
    { clientId: 7 },
    { clientId: 'a\0' },
    { userName: null },
    { password: 'secret' },
    { keepAlive: 65_536 },
    { keepAlive: -1 },
    { cleanStart: 0 },
    { will: null },
    { will: { ...will, topic: '+' } },
    { will: { ...will, payload: 'x' } },
    { will: { ...will, payload: new Uint8Array(65_536) } },
    { will: { ...will, qos: 3 } },
    { will: { ...will, retain: undefined } },
    { will: { ...will, properties: undefined } },
    { will: { ...will, properties: { willDelayInterval: 2 ** 32 } } },
    { will: { ...will, properties: { topicAlias: 1 } } },
  ])('refuses %j', (changes) => {
    expect(() => applyConnect(connectEvent, changes as ConnectChanges)).toThrow(refusal);
  });
});

describe('applyMessage', () => {
  it('keeps the rest of the event', () => {
    const event = { client, message: aMessage(), more: 1 };
    expect(applyMessage(event, { qos: 0 })).toEqual({
      client,
      message: aMessage({ qos: 0 }),
      more: 1,
    });
  });
});

describe('applySubscribe', () => {
  const [first, second] = subscribeEvent.subscriptions as [
    (typeof subscribeEvent.subscriptions)[number],
    (typeof subscribeEvent.subscriptions)[number],
  ];

  it('puts other subscriptions in the place of each', () => {
    const other = { ...second, filter: 'tenant/b', qos: 0 as const, noLocal: false };
    const changed = applySubscribe(subscribeEvent, [first, { ...other, extra: 1 } as typeof other]);
    expect(changed).toStrictEqual({ client, subscriptions: [first, other] });
  });

  it.each([
    [[first]],
    [[first, second, second]],
    [{ 0: first, 1: second, length: 2 }],
    [[first, null]],
    [[first, { ...second, filter: 'a/#/b' }]],
    [[first, { ...second, filter: 7 }]],
    [[{ ...first, qos: 2 }, second]],
    [[first, { ...second, noLocal: 1 }]],
    [[first, { ...second, retainAsPublished: undefined }]],
    [[first, { ...second, retainHandling: 3 }]],
    [[first, { filter: 'b' }]],
  ])('refuses %j', (changes) => {
    expect(() => applySubscribe(subscribeEvent, changes as never)).toThrow(refusal);
  });
});

describe('applyDeliver', () => {
  it('changes RETAIN as the receiver sees it, and leaves the message the same object', () => {
    const changed = applyDeliver(deliveryEvent, { retain: true });
    expect(changed).toEqual({ ...deliveryEvent, retain: true });
    expect(changed.message).toBe(deliveryEvent.message);
  });

  it('changes the message for this receiver', () => {
    const changed = applyDeliver(deliveryEvent, { topic: 'x', retain: true });
    expect(changed.message).toEqual({ ...deliveryEvent.message, topic: 'x' });
    expect([changed.retain, changed.qos, deliveryEvent.message.topic]).toEqual([true, 1, 'a/b']);
  });

  it.each([{ qos: 0 }, { retain: 'yes' }, { topic: '#' }, { client }, []])(
    'refuses %j',
    (changes) => {
      expect(() => applyDeliver(deliveryEvent, changes as MessageChanges)).toThrow(refusal);
    },
  );
});
