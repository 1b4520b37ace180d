import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, DamagedRecord } from '../src/records/byte-reader.ts';
import { ByteWriter } from '../src/records/byte-writer.ts';
import { checksum } from '../src/records/checksum.ts';
import { Prefix } from '../src/records/keys.ts';
import {
  changeMessages,
  changePlaces,
  messagesOf,
  noMessage,
  type Places,
  placesPerPage,
  readPage,
  readPageMessages,
  releasedEntry,
  writePage,
} from '../src/records/page.ts';
import {
  readIdentity,
  readMessage,
  readNumbers,
  readQueueEntry,
  readSession,
  readSubscription,
  readWill,
  writeIdentity,
  writeMessage,
  writeNumbers,
  writeQueueEntry,
  writeSession,
  writeSubscription,
  writeWill,
} from '../src/records/records.ts';

const key = Buffer.from('key');
const number = fc.maxSafeNat();
const text = fc.string({ unit: 'binary' });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const time = fc.option(fc.double({ noNaN: true, min: 0 }), { nil: undefined });
const qos = fc.constantFrom(0, 1, 2);
const properties = fc.record(
  {
    payloadFormatIndicator: fc.constantFrom(0, 1),
    messageExpiryInterval: fc.nat(0xffff_ffff),
    contentType: text,
    responseTopic: text,
    correlationData: bytes,
    userProperties: fc.array(fc.tuple(text, text)),
  },
  { requiredKeys: [] },
);

/** Writes and reads values that `arbitrary` makes, and expects the same back, with nothing left over. */
function expectRoundTrip<Value>(
  arbitrary: fc.Arbitrary<Value>,
  write: (writer: ByteWriter, value: Value) => void,
  read: (reader: ByteReader, value: Value) => unknown,
): void {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(arbitrary, (value) => {
      write(writer.start(), value);
      const reader = new ByteReader().open(key, writer.seal(key));
      expect(read(reader, value)).toEqual(value);
      expect(reader.atEnd).toBe(true);
    }),
  );
}

test('messages come back as they were', () => {
  const message = fc.record({
    number,
    topic: text,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties,
    publisherId: text,
    receivedAt: fc.double({ noNaN: true, min: 0 }),
    expiresAt: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.double({ noNaN: true, min: 0 })),
  });
  expectRoundTrip(message as never, writeMessage, (reader) => readMessage(reader));
});

test('queue entries come back as they were', () => {
  const entry = fc.record({
    message: number,
    qos: fc.constantFrom(1, 2),
    retain: fc.boolean(),
    released: fc.boolean(),
    subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 })),
  });
  expectRoundTrip(
    fc
      .record({ entry, sharedFilter: text })
      .map((made) => ({ ...made.entry, sharedFilter: made.sharedFilter })) as never,
    writeQueueEntry,
    (reader) => readQueueEntry(reader),
  );
  expectRoundTrip(entry as never, writeQueueEntry, (reader) => readQueueEntry(reader));
});

test('the messages of a page are the same, read with their entries or without', () => {
  const entry = fc.record(
    {
      message: number,
      qos: fc.constantFrom(1, 2),
      retain: fc.boolean(),
      released: fc.boolean(),
      subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
      sharedFilter: text,
    },
    {
      requiredKeys: ['message', 'qos', 'retain', 'released', 'subscriptionIdentifiers'],
    },
  );
  const places = fc.array(fc.option(entry, { nil: undefined }), {
    minLength: 1,
    maxLength: placesPerPage,
  });
  const writer = new ByteWriter();
  // Used again for each page: nothing of the one before may be left in it.
  const messages = new Float64Array(placesPerPage);
  fc.assert(
    fc.property(places, (made) => {
      writePage(writer.start(), Prefix.queue, made as Places);
      const value = writer.seal(key);
      const read = readPage(new ByteReader().open(key, value), Prefix.queue);
      const expected = Array.from(
        { length: placesPerPage },
        (_, place) => made[place]?.message ?? noMessage,
      );
      expect([...messagesOf(read, messages)]).toEqual(expected);
      expect([...readPageMessages(new ByteReader().open(key, value), messages)]).toEqual(expected);
    }),
  );
});

test('changes over the messages of a page leave what they leave over its entries', () => {
  const queued = (message: number) => ({ ...releasedEntry, message, released: false });
  const places: Places = [queued(1), queued(2), undefined, queued(4), queued(5)];
  const changes: Places = [undefined, null, queued(3), releasedEntry, queued(9), queued(10)];
  const messages = new Float64Array(placesPerPage);
  changeMessages(messagesOf(places, messages), changes);
  changePlaces(places, changes);
  expect(messages).toEqual(messagesOf(places, new Float64Array(placesPerPage)));
  expect([...messages.subarray(0, 7)]).toEqual([1, noMessage, 3, 0, 9, 10, noMessage]);
});

test('sessions come back as they were', () => {
  const session = fc.record({
    session: number,
    clientId: text,
    identity: text,
    expiryInterval: fc.nat(0xffff_ffff),
    disconnectedAt: time,
    sentBefore: number,
  });
  expectRoundTrip(session, writeSession, (reader, { clientId }) => readSession(reader, clientId));
});

test('subscriptions come back as they were', () => {
  const subscription = fc.record({
    session: number,
    requested: text,
    filter: text,
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: qos,
    subscriptionIdentifier: fc.nat(268_435_455),
  });
  expectRoundTrip(subscription as never, writeSubscription, (reader, record) => {
    const { session, requested } = record as { session: number; requested: string };
    return readSubscription(reader, session, requested);
  });
});

test('wills come back as they were', () => {
  const will = fc.record({
    session: number,
    clientId: text,
    topic: text,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties,
    delayInterval: fc.nat(0xffff_ffff),
    dueAt: time,
  });
  expectRoundTrip(will as never, writeWill, (reader, record) =>
    readWill(reader, (record as { session: number }).session),
  );
});

test('the store itself comes back as it was', () => {
  const identity = fc.record({ format: fc.nat(), storeId: text, epoch: number });
  expectRoundTrip(identity, writeIdentity, (reader) => readIdentity(reader));
  const numbers = fc.record({ message: number, session: number });
  expectRoundTrip(numbers, writeNumbers, (reader) => readNumbers(reader));
});

test('a flipped bit anywhere, in the value or in its key, is found', () => {
  fc.assert(
    fc.property(bytes, fc.uint8Array({ minLength: 1 }), fc.nat(), (payload, name, place) => {
      const before = Buffer.from(name);
      const value = Buffer.from(new ByteWriter().start().rest(payload).seal(before));
      const both = Buffer.concat([before, value]);
      const bit = place % (both.length * 8);
      both[bit >>> 3] = (both[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      const [damagedKey, damagedValue] = [
        both.subarray(0, before.length),
        both.subarray(before.length),
      ];
      expect(() => new ByteReader().open(damagedKey, damagedValue)).toThrow(DamagedRecord);
    }),
  );
});

test('a record cut short is damaged, not misread', () => {
  expect(() => new ByteReader().open(key, Buffer.of(1, 0, 0))).toThrow(DamagedRecord);
  const value = new ByteWriter().start().integer(1000).seal(key);
  expect(() => new ByteReader().open(key, value).text()).toThrow(DamagedRecord);
  expect(() => new ByteReader().open(key, value).time()).toThrow(DamagedRecord);
});

test('a large record does not stay in memory, and the next one is right', () => {
  const writer = new ByteWriter();
  const large = Buffer.alloc(3 * 1024 * 1024, 1);
  expect(writer.start().rest(large).seal(key).length).toBe(large.length + 6);
  const value = writer.start().text('small').seal(key);
  expect(value.buffer.byteLength).toBeLessThan(large.length);
  expect(new ByteReader().open(key, value).text()).toBe('small');
});

test("the checksum is zlib's, for short and for long input, whole or continued", () => {
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const whole = Buffer.concat([first, second]);
      expect(checksum(whole, 0, whole.length)).toBe(crc32(whole));
      const continued = checksum(second, 0, second.length, checksum(first, 0, first.length));
      expect(continued).toBe(crc32(whole));
    }),
  );
  // Bytes that come singly, in steps of eight, and at last from zlib.
  const long = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 151) & 0xff));
  for (let end = 0; end <= long.length; end++) {
    expect(checksum(long, 3, end, 5)).toBe(crc32(long.subarray(3, end), 5));
  }
});

test('texts of any length and script come back as they were written', () => {
  const key = Buffer.from('key');
  const endings = ['', 'a', '\u007f', '\u0080', 'ä', '漢', '😀', '\0'];
  const texts = [0, 1, 61, 62, 63, 64, 65, 127, 300].flatMap((length) =>
    endings.map((ending) => 'x'.repeat(length) + ending),
  );
  const writer = new ByteWriter().start();
  // Long enough that its buffer has to grow, in the middle of a text now and then.
  for (let round = 0; round < 20; round++) for (const text of texts) writer.text(text);
  const reader = new ByteReader().open(key, writer.seal(key));
  for (let round = 0; round < 20; round++) {
    for (const text of texts) expect(reader.text()).toBe(text);
  }
  expect(reader.atEnd).toBe(true);
});
