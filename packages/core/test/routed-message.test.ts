import {
  Decoder,
  encodePacket,
  IncomingPublish,
  type ProtocolVersion,
  type Qos,
} from '@sluice/packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Encoded } from '../src/messages/encoded.ts';
import type { OwnForm } from '../src/messages/own-form.ts';
import { RoutedMessage } from '../src/messages/routed-message.ts';
import { aMessage } from './support/messages.ts';
import { type PublishFields, publishPacket } from './support/packets.ts';

/** A PUBLISH as it lies in a large chunk, and the message made of it. */
function incoming(version: ProtocolVersion, fields: PublishFields = {}, payload = 'payload') {
  const packet = encodePacket(
    publishPacket('a/topic', payload, { packetId: 7, ...fields }),
    version,
  );
  const chunk = Buffer.concat([packet, Buffer.alloc(60_000)]);
  const decoder = new Decoder({
    role: 'server',
    maxPacketBytes: 1_000_000,
    protocolVersion: version,
  });
  decoder.push(chunk);
  const decoded = decoder.next();
  if (!(decoded instanceof IncomingPublish)) throw new Error('no PUBLISH');
  const { topic, qos, retain, properties } = decoded;
  const message = RoutedMessage.ofPacket(
    { ...aMessage(), topic, qos, retain, properties },
    decoded.name,
    decoded,
    version,
  );
  return { message, chunk, packet };
}

function bytesOf(message: RoutedMessage, version: ProtocolVersion, qos: Qos, retain: boolean) {
  const { bytes, start, end, payload = new Uint8Array() } = message.encoded(version, qos, retain);
  return Buffer.concat([bytes.subarray(start, end), payload]);
}

describe('encoded', () => {
  test.each([3, 4, 5] as const)('forwards what came in the same form of version %i', (version) => {
    for (const qos of [0, 1, 2] as const) {
      for (const retain of [true, false]) {
        const { message, chunk, packet } = incoming(version, { qos, retain });
        expect(message.encoded(version, qos, retain).bytes.buffer).toBe(chunk.buffer);
        expect(bytesOf(message, version, qos, retain)).toEqual(Buffer.from(packet));
      }
    }
  });

  test('is right in every form, each made once', () => {
    const properties = { contentType: 'text/plain' };
    const { message } = incoming(5, { qos: 2, retain: true, properties });
    const forms: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      for (const version of [3, 4, 5] as const) {
        for (const qos of [0, 1, 2] as const) {
          for (const retain of [false, true]) {
            const packetId = bytesOf(message, version, qos, retain);
            const decoder = new Decoder({
              role: 'client',
              maxPacketBytes: 1_000,
              protocolVersion: version,
            });
            decoder.push(packetId);
            expect(decoder.next()).toMatchObject({
              topic: 'a/topic',
              qos,
              retain,
              dup: false,
              properties: version === 5 ? properties : {},
            });
            forms.push(message.encoded(version, qos, retain));
          }
        }
      }
    }
    expect(forms.slice(18)).toEqual(forms.slice(0, 18));
    // 3.1 and 3.1.1 look the same.
    expect(new Set(forms).size).toBe(12);
  });

  test.each([
    ['a duplicate', { qos: 1, dup: true }],
    ['an alias', { qos: 1, properties: { topicAlias: 3 } }],
  ] as const)('does not forward %s', (_, fields) => {
    const { message, packet } = incoming(5, fields);
    const forwarded = new RoutedMessage(
      { ...aMessage(), topic: 'a/topic', qos: 1 },
      message.payload,
    );
    expect(bytesOf(message, 5, 1, false).equals(packet)).toBe(false);
    expect(bytesOf(forwarded, 5, 1, false)[0]).toBe(0x32);
  });

  test('lies right behind the one before, where it leaves in the turn in which it came', () => {
    const first = incoming(5, { qos: 1 }, 'first').message.encoded(4, 1, false);
    const { message, packet } = incoming(4, { qos: 1, dup: true, packetId: 1 }, 'second');
    const second = message.encoded(4, 1, false);
    const isNewPage = second.start === 0;
    expect(second.bytes === first.bytes && second.start === first.end).toBe(!isNewPage);
    // The next one changes neither.
    incoming(5, { qos: 1 }).message.encoded(4, 1, false);
    const wanted = Buffer.from(packet);
    wanted[0] = 0x32;
    expect(bytesOf(message, 4, 1, false)).toEqual(wanted);
    // What stays has memory of its own.
    const own = message.own().encoded(4, 1, false);
    expect(own.bytes).not.toBe(second.bytes);
    expect(bytesOf(message, 4, 1, false)).toEqual(wanted);
  });

  test('knows where the packet id is, behind any topic', () => {
    for (const length of [1, 127, 128, 300, 20_000]) {
      const topic = 't'.repeat(length);
      const packet = encodePacket(publishPacket(topic, 'x', { qos: 1, packetId: 0x1234 }), 4);
      const decoder = new Decoder({ role: 'server', maxPacketBytes: 100_000, protocolVersion: 4 });
      decoder.push(packet);
      const decoded = decoder.next() as IncomingPublish;
      const message = RoutedMessage.ofPacket(
        { ...aMessage(), topic, qos: 1 },
        decoded.name,
        decoded,
        4,
      );
      const { bytes, packetIdAt } = message.encoded(4, 1, false);
      expect([bytes[packetIdAt], bytes[packetIdAt + 1]]).toEqual([0x12, 0x34]);
    }
  });
});

describe('own', () => {
  test.each([0, 1, 2] as const)('copies what is needed out of the chunk at QoS %i', (qos) => {
    const { message, chunk, packet } = incoming(5, { qos });
    const forwarded = message.encoded(5, qos, false);
    expect(message.own()).toBe(message);
    chunk.fill(0xff);
    expect(Buffer.from(message.payload).toString()).toBe('payload');
    expect(message.payload.buffer).not.toBe(chunk.buffer);
    // Only as large as the packet: nothing else is kept alive.
    expect(message.payload.buffer.byteLength).toBe(packet.length);
    expect(bytesOf(message, 5, qos, false)).toEqual(Buffer.from(packet));
    expect(message.encoded(5, qos, false)).not.toBe(forwarded);
    const other = bytesOf(message, 4, qos, true);
    expect(other.subarray(-7).toString()).toBe('payload');
  });

  test('copies once', () => {
    const { message } = incoming(5);
    const { payload } = message.own();
    expect(message.own().payload).toBe(payload);
  });

  test('leaves a message of the application alone', () => {
    const payload = Buffer.from('x');
    const message = RoutedMessage.of(aMessage({ payload }));
    expect(message.own().payload).toBe(payload);
    expect(RoutedMessage.of(message)).toBe(message);
  });
});

test('weighs its topic and payload, without making a view of it', () => {
  const { message } = incoming(5);
  expect(message.bytes).toBe('a/topic'.length + 'payload'.length);
  expect(message.own().bytes).toBe('a/topic'.length + 'payload'.length);
});

test('messages that pass are encoded one behind the other, as they would be alone', () => {
  const [one, other] = [aMessage({ topic: 'a' }), aMessage({ topic: 'b', qos: 0 })];
  const first = RoutedMessage.passing(one).encoded(5, 0, true);
  const second = RoutedMessage.passing(other).encoded(5, 0, true);
  expect([second.bytes, second.start]).toEqual([first.bytes, first.end]);
  for (const [message, { bytes, start, end }] of [
    [one, first],
    [other, second],
  ] as const) {
    const alone = RoutedMessage.of(message).encoded(5, 0, true);
    expect([...bytes.subarray(start, end)]).toEqual([
      ...alone.bytes.subarray(alone.start, alone.end),
    ]);
  }
});

test('what no packet can hold has a size above every limit, and does not throw', () => {
  const most = 268_435_455;
  const head = 3;
  // It is never touched, and so takes no memory.
  const payload = Buffer.alloc(most - head);
  const message = RoutedMessage.of(aMessage({ topic: 'a', payload }));
  expect(message.encoded(4, 0, false).size).toBe(most + 5);
  // 5.0 needs a byte more, for its properties.
  expect(message.encoded(5, 0, false).size).toBe(Infinity);
  expect(message.encodedFor(4, 'a', 1, false, true, {}).size).toBe(Infinity);
});

describe('encodedAs', () => {
  const form: fc.Arbitrary<OwnForm> = fc.record({
    topic: fc.constantFrom('a/topic', ''),
    qos: fc.constantFrom(0, 1, 2),
    retain: fc.boolean(),
    dup: fc.boolean(),
    subscriptionIdentifiers: fc.constantFrom(undefined, [1], [2], [1, 2], [2, 1]),
    messageExpiryInterval: fc.constantFrom(undefined, 59, 60),
    topicAlias: fc.constantFrom(undefined, 1, 2),
  });

  test('is what each receiver is to get, and one for those that follow each other with the same', () => {
    const given = { messageExpiryInterval: 60, contentType: 'text/plain' };
    fc.assert(
      fc.property(fc.array(form, { minLength: 1 }), fc.nat(20), (forms, ownAt) => {
        const { message } = incoming(5, { properties: given });
        for (const [index, wanted] of forms.entries()) {
          if (index === ownAt) message.own();
          const encoded = message.encodedAs(wanted);
          const { topic, qos, retain, dup, ...own } = wanted;
          const said = Object.entries(own).filter(([, value]) => value !== undefined);
          const properties = { ...given, ...Object.fromEntries(said) };
          const alone = message.encodedFor(5, topic, qos, retain, dup, properties);
          expect(wireOf(encoded)).toEqual(wireOf(alone));
          expect(message.encodedAs(structuredClone(wanted))).toBe(encoded);
        }
      }),
    );
  });
});

function wireOf({ bytes, start, end }: Encoded): Buffer {
  return Buffer.from(bytes.subarray(start, end));
}
