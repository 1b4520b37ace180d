import { describe, expect, it } from 'vitest';
import {
  Decoder,
  type DecoderBounds,
  type DecoderOptions,
  encodePacket,
  IncomingPublish,
  noProperties,
  type Packet,
  PacketType,
  ProtocolError,
  TooManyError,
  TopicCache,
  UnsupportedVersionError,
} from '../src/index.ts';
import { byteByByte, drain } from './drain.ts';
import { bytesOf } from './vectors/vector.ts';

const connect = bytesOf('100d 0004 4d515454 04 02 003c 0001 61');
const pingreq = bytesOf('c000');

function decoder(options: Partial<DecoderOptions> = {}): Decoder {
  return new Decoder({ role: 'server', maxPacketBytes: 1_000, protocolVersion: 4, ...options });
}

function publish(topic: string, payload = 'x'): Uint8Array {
  const fields = { qos: 0, retain: false, dup: false, topic, packetId: 0 } as const;
  const body = { properties: noProperties, payload: Buffer.from(payload) };
  return encodePacket({ type: PacketType.publish, ...fields, ...body }, 4);
}

function nextPublish(from: Decoder): IncomingPublish {
  const packet = from.next();
  if (!(packet instanceof IncomingPublish)) throw new Error('not a PUBLISH');
  return packet;
}

function failureOf(from: Decoder): unknown {
  try {
    from.next();
  } catch (error) {
    return error;
  }
  throw new Error('no failure');
}

describe('pulling', () => {
  it('can stop in the middle of a chunk', () => {
    const server = decoder();
    server.push(Buffer.concat([pingreq, publish('a'), pingreq]));
    expect(server.next()).toEqual({ type: 12 });
    expect(nextPublish(server).topic).toBe('a');
    expect(() => server.push(pingreq)).toThrow('not used up');
    expect(server.next()).toEqual({ type: 12 });
    expect(server.next()).toBeUndefined();
    expect(server.next()).toBeUndefined();
    server.push(pingreq);
    expect(server.next()).toEqual({ type: 12 });
  });

  it('takes empty chunks, and chunks that are not Buffers', () => {
    const memory = new Uint8Array([9, ...publish('a'), 9]);
    const { packets } = drain(decoder(), [
      new Uint8Array(),
      memory.subarray(1, memory.length - 1),
      new Uint8Array(),
    ]);
    expect(packets).toMatchObject([{ topic: 'a', payload: 'bytes 78' }]);
  });

  it('throws the same error for ever, and takes no more', () => {
    const server = decoder();
    server.push(bytesOf('0000 c000'));
    const failure = failureOf(server);
    expect(failure).toBeInstanceOf(ProtocolError);
    server.push(pingreq);
    expect(failureOf(server)).toBe(failure);
    expect(server.bufferedBytes).toBe(0);
  });

  it('needs to be told the version on the side of a client', () => {
    expect(() => new Decoder({ role: 'client', maxPacketBytes: 10 })).toThrow(TypeError);
  });
});

describe('versions', () => {
  it('are taken from CONNECT', () => {
    const server = new Decoder({ role: 'server', maxPacketBytes: 1_000 });
    expect(server.protocolVersion).toBe(0);
    server.push(connect);
    server.next();
    expect(server.protocolVersion).toBe(4);
  });

  it('can be set', () => {
    const client = decoder({ role: 'client' });
    client.protocolVersion = 5;
    client.push(bytesOf('e001 8b'));
    expect(client.next()).toMatchObject({ reasonCode: 0x8b });
  });

  it.each([
    ['MQTT with level 6', '0004 4d515454 06', 5],
    ['MQTT with level 3', '0004 4d515454 03', 4],
    ['MQTT of a bridge', '0004 4d515454 84', 4],
    ['MQIsdp with level 5', '0006 4d5149736470 05', 4],
  ])('that are not spoken say how to answer: %s', (_name, bytes, replyVersion) => {
    const body = bytesOf(bytes);
    const server = new Decoder({ role: 'server', maxPacketBytes: 1_000 });
    server.push(Buffer.concat([Buffer.of(0x10, body.length), body]));
    const failure = failureOf(server);
    expect(failure).toBeInstanceOf(UnsupportedVersionError);
    expect(failure).toMatchObject({ replyVersion, reasonCode: 0x84, name: 'ProtocolError' });
  });
});

describe('limits and memory', () => {
  it('refuses a packet when its header is read, before anything is held', () => {
    const server = decoder({ maxPacketBytes: 200 });
    server.push(bytesOf('30'));
    expect(server.next()).toBeUndefined();
    server.push(bytesOf('c6'));
    expect(server.next()).toBeUndefined();
    expect(server.bufferedBytes).toBe(2);
    server.push(bytesOf('01')); // 3 + 198 bytes
    expect(failureOf(server)).toMatchObject({ reasonCode: 0x95 });
  });

  it('counts the fixed header', () => {
    const packet = publish('topic');
    const exact = decoder({ maxPacketBytes: packet.length });
    expect(drain(exact, [packet]).error).toBeUndefined();
    const short = decoder({ maxPacketBytes: packet.length - 1 });
    expect(drain(short, [packet]).error).toBe(0x95);
  });

  it('obeys a limit that is raised between two packets', () => {
    const server = decoder({ maxPacketBytes: 5 });
    server.push(Buffer.concat([pingreq, publish('a longer topic')]));
    server.next();
    server.maxPacketBytes = 100;
    expect(nextPublish(server).topic).toBe('a longer topic');
  });

  it('does not allocate what is announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const held = Array.from({ length: 50 }, () => {
      const server = decoder({ maxPacketBytes: 2 ** 28 + 4 });
      server.push(bytesOf('30 ffffff7f 0001 74'));
      expect(server.next()).toBeUndefined();
      return server;
    });
    expect(held.map(({ bufferedBytes }) => bufferedBytes)).toEqual(held.map(() => 8));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('grows with what arrives', () => {
    const server = decoder({ maxPacketBytes: 10_000_000 });
    const payload = Buffer.alloc(3_000_000, 'p');
    const head = bytesOf('30 c38db701 0001 74');
    const before = process.memoryUsage().arrayBuffers;
    server.push(head);
    server.next();
    for (let sent = 0; sent < 1_000_000; sent += 10_000) {
      server.push(payload.subarray(sent, sent + 10_000));
      expect(server.next()).toBeUndefined();
    }
    expect(server.bufferedBytes).toBe(head.length + 1_000_000);
    // Old buffers may wait for the collector: still far below what was announced for each growth.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(6_000_000);
    server.push(payload.subarray(1_000_000));
    expect(nextPublish(server).payload.length).toBe(3_000_000);
    expect(server.bufferedBytes).toBe(0);
  });
});

describe('payloads', () => {
  it('are views of the chunk, made once', () => {
    const server = decoder();
    const chunk = Buffer.concat([pingreq, publish('a/b', 'hello')]);
    server.push(chunk);
    server.next();
    const packet = nextPublish(server);
    expect(packet.payload.buffer).toBe(chunk.buffer);
    expect(packet.payload).toBe(packet.payload);
    expect(Buffer.from(packet.payload).toString()).toBe('hello');
    expect(packet).toMatchObject({ start: 2, payloadStart: 9, end: 14, bytes: chunk });
  });

  it('of split packets outlive the packets behind them', () => {
    const server = decoder();
    const stream = Buffer.concat([publish('a', 'first'), publish('b', 'second')]);
    const payloads: Uint8Array[] = [];
    for (const chunk of byteByByte(stream)) {
      server.push(chunk);
      const packet = server.next();
      if (packet instanceof IncomingPublish) payloads.push(packet.payload);
    }
    expect(payloads.map((payload) => Buffer.from(payload).toString())).toEqual(['first', 'second']);
  });

  it('are the only part that is not copied', () => {
    const chunk = bytesOf('30 09 0001 74 04 09 0001 63 78');
    const server = decoder({ protocolVersion: 5 });
    server.push(chunk);
    const { properties } = nextPublish(server);
    chunk.fill(0);
    expect(properties.correlationData).toEqual(Buffer.from('c'));
  });
});

describe('topics', () => {
  const long = 'long/'.repeat(26).concat('x'.repeat(8));

  it.each([undefined, new TopicCache()])('are told apart, cache %#', (topicCache) => {
    const names = [
      'a',
      'b',
      'ab',
      'ba',
      'abc',
      'abcd',
      'abce',
      'xbcd',
      'abcde',
      'zbcde',
      'é',
      long,
    ];
    const order = [...names, ...names, ...names.toReversed(), ...names.flatMap((n) => [n, n])];
    for (const smallChunks of [true, false]) {
      const first = decoder(topicCache && { topicCache });
      const second = decoder(topicCache && { topicCache });
      const packets = order.map((topic) => publish(topic));
      const chunks = smallChunks ? packets : [Buffer.concat(packets)];
      for (const server of [first, second]) {
        expect(
          drain(server, chunks).packets.map((packet) => (packet as { topic: string }).topic),
        ).toEqual(order);
      }
    }
  });

  it('survive more names than the cache has places', () => {
    const topicCache = new TopicCache();
    const server = decoder({ topicCache });
    const names = Array.from({ length: 70_000 }, (_, index) => `site/${index}/temperature`);
    const stream = Buffer.concat(names.map((topic) => publish(topic)));
    for (let round = 0; round < 2; round++) {
      const packets = drain(server, [stream]).packets as { topic: string }[];
      expect(packets.map(({ topic }) => topic)).toEqual(names);
    }
  });

  it('with control characters do not pass through a shared cache', () => {
    const topicCache = new TopicCache();
    const lenient = decoder({ topicCache, allowControlCharacters: true });
    const packet = publish('a\nb');
    expect(drain(lenient, [packet, packet]).packets).toHaveLength(2);
    expect(drain(decoder({ topicCache }), [packet]).error).toBe(0x81);
  });

  it.each([['a\nb'], ['\u007f'], ['a\u{1fffe}'], [`${long}\u0001`]])(
    '%j is admitted on demand',
    (topic) => {
      const lenient = decoder({ allowControlCharacters: true });
      expect(drain(lenient, [publish(topic)]).packets).toMatchObject([{ topic }]);
      expect(drain(decoder(), [publish(topic)]).error).toBe(0x81);
    },
  );

  it('are not read from the chunk before', () => {
    const server = decoder();
    const large = Buffer.concat(Array.from({ length: 200 }, () => publish('large/chunk')));
    server.push(large);
    for (let count = 0; count < 200; count++) expect(nextPublish(server).topic).toBe('large/chunk');
    server.push(publish('small/chunk'));
    expect(nextPublish(server).topic).toBe('small/chunk');
  });

  it('that are refused are not remembered', () => {
    const topicCache = new TopicCache();
    for (let round = 0; round < 2; round++) {
      expect(drain(decoder({ topicCache }), [publish('a/+')]).error).toBe(0x81);
    }
  });
});

describe('a packet with more than the decoder is to take', () => {
  const filters = ['a', 'b', 'c'];
  const userProperties = filters.map((name) => [name, ''] as const);
  const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const properties = { userProperties };
  const packets: readonly [string, keyof DecoderBounds, Packet][] = [
    [
      'SUBSCRIBE, filters',
      'maxFilters',
      {
        type: PacketType.subscribe,
        packetId: 1,
        properties: {},
        subscriptions: filters.map((filter) => ({ filter, ...options })),
      },
    ],
    [
      'UNSUBSCRIBE, filters',
      'maxFilters',
      { type: PacketType.unsubscribe, packetId: 1, properties: {}, filters },
    ],
    [
      'UNSUBSCRIBE, properties',
      'maxUserProperties',
      { type: PacketType.unsubscribe, packetId: 1, properties, filters: ['a'] },
    ],
    [
      'PUBLISH',
      'maxUserProperties',
      {
        type: PacketType.publish,
        qos: 0,
        retain: false,
        dup: false,
        topic: 'a',
        packetId: 0,
        payload: new Uint8Array(),
        properties,
      },
    ],
    [
      'PUBACK',
      'maxUserProperties',
      { type: PacketType.puback, packetId: 1, reasonCode: 0, properties },
    ],
    ['DISCONNECT', 'maxUserProperties', { type: PacketType.disconnect, reasonCode: 0, properties }],
  ];

  it.each(packets)('%s', (_, bound, packet) => {
    const bytes = encodePacket(packet, 5);
    const enough = decoder({ protocolVersion: 5, [bound]: 3 });
    enough.push(bytes);
    expect(enough.next()?.type).toBe(packet.type);
    const tooFew = decoder({ protocolVersion: 5, [bound]: 2 });
    tooFew.push(bytes);
    const failure = failureOf(tooFew);
    expect(failure).toBeInstanceOf(TooManyError);
    expect(failure).toMatchObject({ bound, reasonCode: 0x97 });
  });

  it('is not read to its end', () => {
    const server = decoder({ maxFilters: 1 });
    // The third filter is malformed.
    server.push(bytesOf('820e 0001 0001 61 00 0001 62 00 0001 ff 00 00'));
    expect(failureOf(server)).toBeInstanceOf(TooManyError);
  });
});
