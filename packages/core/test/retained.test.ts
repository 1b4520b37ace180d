import type { Message } from '@sluice/plugin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageBytes } from '../src/base/message-bytes.ts';
import { Retained } from '../src/retained/retained.ts';
import { aMessage } from './support/messages.ts';
import { aTopic } from './support/topics.ts';

const unlimited = { maxRetainedMessages: 1_000_000, maxRetainedBytes: Infinity };

function all(retained: Retained): Message[] {
  const found: Message[] = [];
  for (const filter of ['#', '$SYS/#']) {
    const cursor = retained.walk(filter, Infinity);
    for (let next = cursor.next(); next !== undefined; next = cursor.next()) found.push(next);
  }
  return found;
}

function stepsOf(retained: Retained): number {
  let steps = 0;
  for (const filter of ['#', '$SYS/#']) {
    for (const cursor = retained.walk(filter, Infinity); !cursor.done; steps++) cursor.next(1);
  }
  return steps;
}

describe('Retained', () => {
  it('gives back the whole message', () => {
    const retained = new Retained(unlimited);
    const message = aMessage({
      number: 7,
      topic: 'hall/light',
      payload: Buffer.of(0, 127, 128, 255),
      qos: 2,
      retain: true,
      properties: { contentType: 'x', userProperties: [['k', 'v']] },
      expiresAt: 1_767_225_660_000,
    });
    expect(retained.set(message)).toBe(true);
    expect(retained.get('hall/light')).toEqual(message);
    expect(retained.get('hall')).toBeUndefined();
    expect(retained.get('hall/light/')).toBeUndefined();
    expect(retained.delete('hall/light')).toEqual(message);
    expect(retained.delete('hall/light')).toBeUndefined();
    expect([retained.size, retained.bytes]).toEqual([0, 0]);
  });

  it.each([0, 1, 255, 256, 257, 70_000])('keeps a payload of %i bytes', (length) => {
    const retained = new Retained(unlimited);
    const payload = Buffer.from(Array.from({ length }, (_, index) => index * 7));
    retained.set(aMessage({ payload }));
    expect(retained.get('a/b')?.payload).toEqual(payload);
  });

  it.each([10, 1_000])('keeps nothing of the chunk that %i bytes came in', (length) => {
    const retained = new Retained(unlimited);
    const chunk = new Uint8Array(65_536).fill(9);
    retained.set(aMessage({ payload: chunk.subarray(100, 100 + length) }));
    chunk.fill(0);
    const payload = retained.get('a/b')?.payload;
    expect(payload).toEqual(Buffer.alloc(length, 9));
    expect(payload?.buffer.byteLength).toBe(length);
  });

  it('has one message for each topic, the last', () => {
    const retained = new Retained(unlimited);
    retained.set(aMessage({ number: 1 }));
    retained.set(aMessage({ number: 2, payload: new Uint8Array(100) }));
    expect(retained.get('a/b')?.number).toBe(2);
    expect([retained.size, retained.bytes]).toEqual([1, 'a/b'.length + 100]);
  });

  it('is bounded in number, but replaces when full', () => {
    const retained = new Retained({ maxRetainedMessages: 2, maxRetainedBytes: Infinity });
    expect(retained.set(aMessage({ topic: 'a' }))).toBe(true);
    expect(retained.set(aMessage({ topic: 'b' }))).toBe(true);
    expect(retained.set(aMessage({ topic: 'c' }))).toBe(false);
    expect(retained.get('c')).toBeUndefined();
    expect(retained.set(aMessage({ topic: 'b', number: 9 }))).toBe(true);
    retained.delete('a');
    expect(retained.set(aMessage({ topic: 'c' }))).toBe(true);
  });

  it('is bounded in bytes, and counts the difference where it replaces', () => {
    const retained = new Retained({ maxRetainedMessages: 10, maxRetainedBytes: 100 });
    const of = (length: number, number: number): Message =>
      aMessage({ topic: 'a', payload: new Uint8Array(length), number });
    expect(retained.set(of(99, 1))).toBe(true);
    expect(retained.set(aMessage({ topic: 'b', payload: new Uint8Array(0) }))).toBe(false);
    expect(retained.set(of(100, 2))).toBe(false);
    expect(retained.get('a')?.number).toBe(1);
    expect(retained.set(of(50, 3))).toBe(true);
    expect(retained.bytes).toBe(51);
  });

  it('counts topic, payload and properties', () => {
    const message = aMessage({
      topic: 'abc',
      payload: new Uint8Array(10),
      properties: {
        payloadFormatIndicator: 1,
        contentType: '12',
        responseTopic: '345',
        correlationData: new Uint8Array(4),
        userProperties: [
          ['k', 'vw'],
          ['k', ''],
        ],
      },
    });
    const retained = new Retained(unlimited);
    retained.set(message);
    expect(messageBytes(message)).toBe(3 + 10 + 2 + 3 + 4 + 4);
    expect(retained.bytes).toBe(messageBytes(message));
  });

  it('keeps apart topics that only share their beginning', () => {
    const topics = ['a', 'a/', 'a/b', 'a/bc', 'a/b/c', '/a', '/', '//', 'aa', '$a', 'a//b'];
    const retained = new Retained(unlimited);
    for (const [index, topic] of topics.entries())
      retained.set(aMessage({ topic, number: index + 1 }));
    for (const [index, topic] of topics.entries())
      expect(retained.get(topic)?.number).toBe(index + 1);
    for (const topic of topics) {
      expect(retained.delete(topic)?.topic).toBe(topic);
      expect(retained.get(topic)).toBeUndefined();
    }
    expect(retained.size).toBe(0);
  });

  it('grows to many topics below one level and shrinks to none', () => {
    const retained = new Retained(unlimited);
    const topic = (index: number): string => `site/a-level-with-a-long-name-${index}/temp`;
    for (let index = 0; index < 500; index++) {
      retained.set(aMessage({ topic: topic(index), number: index + 1 }));
    }
    for (let index = 0; index < 500; index++)
      expect(retained.get(topic(index))?.number).toBe(index + 1);
    for (let index = 0; index < 500; index += 2) retained.delete(topic(index));
    expect(all(retained).map(({ number }) => number)).toHaveLength(250);
    for (let index = 1; index < 500; index += 2) retained.delete(topic(index));
    expect([retained.size, retained.bytes, all(retained)]).toEqual([0, 0, []]);
  });

  it('behaves like a Map', () => {
    const step = fc.record({ topic: aTopic, set: fc.boolean(), length: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const retained = new Retained({ maxRetainedMessages: 20, maxRetainedBytes: 300 });
        const model = new Map<string, Message>();
        for (const [index, { topic, set, length }] of steps.entries()) {
          const before = model.get(topic);
          if (set) {
            const message = aMessage({ topic, number: index + 1, payload: Buffer.alloc(length) });
            const others = [...model.values()].filter((other) => other !== before);
            const bytes = others.reduce((sum, other) => sum + messageBytes(other), 0);
            const fits = others.length < 20 && bytes + messageBytes(message) <= 300;
            expect(retained.set(message)).toBe(fits);
            if (fits) model.set(topic, message);
          } else {
            expect(retained.delete(topic)).toEqual(before);
            model.delete(topic);
          }
          expect(retained.get(topic)).toEqual(model.get(topic));
        }
        // What was deleted leaves nothing behind: there is no more to walk over than in a new store.
        const anew = new Retained(unlimited);
        for (const message of model.values()) anew.set(message);
        expect(stepsOf(retained)).toBe(stepsOf(anew));
        const byNumber = (one: Message, other: Message): number => one.number - other.number;
        const found = all(retained).sort(byNumber);
        expect(found).toEqual([...model.values()].sort(byNumber));
        expect(retained.size).toBe(model.size);
        expect(retained.bytes).toBe(found.reduce((sum, message) => sum + messageBytes(message), 0));
      }),
      { numRuns: 200 },
    );
  });
});
