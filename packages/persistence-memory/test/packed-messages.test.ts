import { PackedMessages } from '@sluice/persistence-memory';
import type { Message } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';

function aMessage(fields: Partial<Message> = {}): Message {
  return {
    number: 7,
    topic: 'hall/light',
    payload: Buffer.from('on'),
    qos: 1,
    retain: false,
    properties: {},
    publisherId: 'switch',
    receivedAt: 1_767_225_600_000,
    expiresAt: Infinity,
    ...fields,
  };
}

describe('PackedMessages', () => {
  const samples: [string, Partial<Message>][] = [
    ['nothing out of the way', {}],
    ['no payload and no publisher', { payload: Buffer.alloc(0), publisherId: '' }],
    ['QoS 2 and RETAIN', { qos: 2, retain: true }],
    ['an end', { expiresAt: 1_767_225_660_000, properties: { messageExpiryInterval: 60 } }],
    ['the highest number that is packed', { number: 2 ** 48 - 1 }],
    ['a higher number', { number: 2 ** 50 + 1 }],
    ['a part of a millisecond', { receivedAt: 0.5 }],
    ['a time before 1970', { receivedAt: -1 }],
    ['characters of one byte in Latin 1', { topic: 'é/ÿ', publisherId: 'ü' }],
    ['wide characters in the topic', { topic: '温度/α', publisherId: 'a' }],
    ['wide characters in the publisher', { publisherId: '温度😀' }],
    ['properties', { properties: { contentType: 'x', userProperties: [['k', 'v']] } }],
    ['every byte', { payload: Buffer.from(Array.from({ length: 256 }, (_, index) => index)) }],
    ['the largest that is packed', { topic: '温'.repeat(50), publisherId: '度'.repeat(250) }],
    ['a large payload', { payload: Buffer.alloc(257, 9), properties: { contentType: 'x' } }],
    ['a long topic', { topic: 'a/'.repeat(30_000) }],
    ['a long publisher', { publisherId: 'p'.repeat(256) }],
  ];
  it.each(samples)('give back a message with %s', (_, fields) => {
    const messages = new PackedMessages();
    const before = messages.add(aMessage({ number: 1 }));
    const message = aMessage(fields);
    const handle = messages.add(message);
    const behind = messages.add(aMessage({ number: 2 }));
    expect(messages.get(handle)).toEqual(message);
    expect(messages.number(handle)).toBe(message.number);
    expect(messages.topic(handle)).toBe(message.topic);
    expect(messages.get(before).number + messages.get(behind).number).toBe(3);
    messages.delete(handle);
    expect(messages.get(before).number + messages.get(behind).number).toBe(3);
  });

  it.each([
    ['', ''],
    ['温/', ''],
    ['', '/'.repeat(400)],
  ])('compare a topic and its levels, after %j and before %j', (start, end) => {
    const messages = new PackedMessages();
    const handle = messages.add(aMessage({ topic: `${start}hall/light${end}` }));
    const at = start.length;
    expect(messages.hasTopic(handle, `${start}hall/light${end}`)).toBe(true);
    expect(messages.hasTopic(handle, `${start}hall`)).toBe(false);
    expect(messages.hasTopic(handle, `${start}hall/lighs${end}`)).toBe(false);
    expect(messages.topicHas(handle, 'hall', at)).toBe(true);
    expect(messages.topicHas(handle, 'light', at + 5)).toBe(true);
    expect(messages.topicHas(handle, 'hal', at)).toBe(false);
    expect(messages.topicHas(handle, 'lightly', at + 5)).toBe(false);
  });

  it('count for their owner', () => {
    const messages = new PackedMessages();
    for (const payload of [Buffer.alloc(1), Buffer.alloc(1_000)]) {
      const handle = messages.add(aMessage({ payload }));
      expect(messages.count(handle)).toBe(0);
      messages.setCount(handle, 100_000);
      expect(messages.count(handle)).toBe(100_000);
      messages.delete(handle);
      expect(messages.count(messages.add(aMessage({ payload })))).toBe(0);
    }
  });

  it.each([10, 1_000])('keep nothing of the chunk that %i bytes came in', (length) => {
    const messages = new PackedMessages();
    const chunk = Buffer.alloc(65_536, 9);
    const handle = messages.add(aMessage({ payload: chunk.subarray(100, 100 + length) }));
    chunk.fill(0);
    const { payload } = messages.get(handle);
    expect(payload).toEqual(Buffer.alloc(length, 9));
    expect(payload.buffer.byteLength).toBe(length);
  });

  it('share a large payload that has memory of its own', () => {
    const payload = Buffer.alloc(10_000);
    const [some, others] = [new PackedMessages(), new PackedMessages()];
    expect(some.get(some.add(aMessage({ payload }))).payload).toBe(payload);
    expect(others.get(others.add(aMessage({ payload }))).payload).toBe(payload);
  });

  it('count what their properties hold', () => {
    const messages = new PackedMessages();
    const properties = { correlationData: Buffer.alloc(60_000) };
    const handle = messages.add(aMessage({ properties }));
    expect(messages.bytes).toBeGreaterThan(60_000);
    expect(messages.get(handle)).toEqual(aMessage({ properties }));
    const rest = messages.bytes;
    messages.delete(handle);
    expect(messages.bytes).toBeLessThan(rest - 60_000);
  });

  it('need little for many, and nothing once they are deleted', () => {
    const messages = new PackedMessages();
    const handles = Array.from({ length: 5_000 }, () => messages.add(aMessage()));
    expect(messages.bytes / 5_000).toBeLessThan(60);
    for (const handle of handles) messages.delete(handle);
    expect(messages.bytes).toBe(0);
  });
});
