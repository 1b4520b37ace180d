import type { MessageChanges } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { changeMessage } from '../src/hooks/change-message.ts';
import { aMessage } from './support/messages.ts';

const message = aMessage({
  qos: 1,
  properties: { messageExpiryInterval: 60 },
  receivedAt: 1_000,
  expiresAt: 61_000,
});

describe('changeMessage', () => {
  it('changes what it is told to, in another object of the same shape', () => {
    const properties = {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 60,
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Uint8Array.of(1),
      userProperties: [['k', 'v']],
    } as const;
    const changed = changeMessage(message, {
      topic: 'other',
      payload: 'gr\u00fc\u00df',
      qos: 0,
      retain: true,
      properties,
    });
    expect(changed).toEqual({
      ...message,
      topic: 'other',
      payload: Uint8Array.of(0x67, 0x72, 0xc3, 0xbc, 0xc3, 0x9f),
      qos: 0,
      retain: true,
      properties,
    });
    expect(Object.keys(changed)).toEqual(Object.keys(aMessage()));
    expect(message).toMatchObject({ topic: 'a/b', qos: 1, retain: false });
  });

  it('leaves the rest as it is', () => {
    expect(changeMessage(message, {})).toEqual(message);
    const nothing = { topic: undefined, payload: undefined, qos: undefined, properties: undefined };
    expect(changeMessage(message, nothing as unknown as MessageChanges)).toEqual(message);
    const payload = Uint8Array.of(9);
    expect(changeMessage(message, { payload }).payload).toBe(payload);
  });

  it('counts a changed expiry from when the broker took the message over', () => {
    const expiry = (properties: object): number => changeMessage(message, { properties }).expiresAt;
    expect(expiry({ messageExpiryInterval: 10 })).toBe(11_000);
    expect(expiry({ messageExpiryInterval: 60, contentType: 'x' })).toBe(61_000);
    expect(expiry({})).toBe(Infinity);
  });

  it.each([
    [[], /a list/],
    [{ number: 5 }, /number cannot be changed, only topic, payload, qos, retain, properties/],
    [{ publisherId: 'x' }, /publisherId/],
    [{ topic: '' }, /topic is not a valid topic name/],
    [{ topic: 'a/+' }, /topic is not/],
    [{ topic: 'a\0' }, /topic is not/],
    [{ topic: 'x'.repeat(65_536) }, /topic is not/],
    [{ topic: 5 }, /topic is not/],
    [{ qos: 2 }, /qos was raised from 1 to 2/],
    [{ qos: -1 }, /qos is not 0, 1 or 2/],
    [{ qos: '0' }, /qos is not 0, 1 or 2/],
    [{ retain: 1 }, /retain is neither/],
    [{ payload: [1, 2] }, /payload is neither/],
    [{ payload: null }, /payload is neither/],
    [{ properties: null }, /properties is no object/],
    [{ properties: { topicAlias: 1 } }, /properties\.topicAlias cannot be set/],
    [{ properties: { subscriptionIdentifiers: [1] } }, /properties\.subscriptionIdentifiers/],
    [{ properties: { toString: 1 } }, /properties\.toString/],
    [{ properties: { payloadFormatIndicator: 2 } }, /payloadFormatIndicator is neither/],
    [{ properties: { messageExpiryInterval: -1 } }, /messageExpiryInterval is no whole/],
    [{ properties: { messageExpiryInterval: 2 ** 32 } }, /messageExpiryInterval is no whole/],
    [{ properties: { contentType: 'a\ud800' } }, /contentType is no string/],
    [{ properties: { contentType: '\u00e4'.repeat(40_000) } }, /contentType is no string/],
    [{ properties: { responseTopic: '#' } }, /responseTopic is not a valid topic/],
    [{ properties: { correlationData: 'x' } }, /correlationData is no Uint8Array/],
    [{ properties: { correlationData: new Uint8Array(65_536) } }, /correlationData is no/],
    [{ properties: { userProperties: { k: 'v' } } }, /userProperties is no list/],
    [{ properties: { userProperties: ['kv'] } }, /no pair/],
    [{ properties: { userProperties: [['k']] } }, /no pair/],
    [{ properties: { userProperties: [['k', 1]] } }, /a value in properties\.userProperties/],
    [{ properties: { userProperties: [['\0', 'v']] } }, /a name in properties\.userProperties/],
  ])('refuses case %#: %j', (changes, text) => {
    const change = () => changeMessage(message, changes as MessageChanges);
    expect(change).toThrow(text);
    expect(change).toThrow(expect.objectContaining({ code: 'SLUICE_HOOK_ANSWER' }));
  });
});
