import { encodePacket, PacketType, type PublishPacket } from '@sluice/packet';
import { expect, test } from 'vitest';
import { OutputMemory } from '../src/base/output-memory.ts';
import { ReadMemory } from '../src/base/read-memory.ts';
import { Stats } from '../src/base/stats.ts';
import { Turn } from '../src/base/turn.ts';
import { Output } from '../src/connection/output.ts';
import { Encoded, encodePublish } from '../src/messages/encoded.ts';
import { FakePort } from './support/fake-port.ts';
import { acknowledgement, publishPacket } from './support/packets.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

function anOutput({ copies = false } = {}) {
  const environment = new VirtualEnvironment();
  const port = new FakePort({ copies });
  const context = {
    turn: new Turn(environment),
    outputMemory: new OutputMemory(),
    readMemory: new ReadMemory(),
    stats: new Stats(),
  };
  const output = new Output(port, context);
  return { output, port, environment, context };
}

function encoded(packet: PublishPacket) {
  const { topic, qos, retain, dup, packetId, properties, payload } = packet;
  return encodePublish({ topic, qos, retain, dup, packetId, properties }, payload, 5);
}

test('nothing is written before the end of the turn, and then once', () => {
  const { output, port, environment, context } = anOutput();
  output.append(Uint8Array.of(1, 2, 3, 4), 1, 3);
  output.append(Uint8Array.of(5), 0, 1);
  expect([port.written.length, output.pending]).toEqual([0, 3]);
  environment.runTurn();
  expect(port.written).toEqual([Uint8Array.of(2, 3, 5)]);
  expect([output.pending, output.taken, context.stats.bytesSent]).toEqual([0, 3, 3]);
  environment.runDeferred();
  expect(port.written).toHaveLength(1);
});

test('one segment is not copied', () => {
  const { output, port, environment } = anOutput();
  const bytes = Uint8Array.of(1, 2, 3, 4);
  output.append(bytes, 1, 3);
  environment.runTurn();
  expect(port.written[0]?.buffer).toBe(bytes.buffer);
});

test('one segment that has to wait in the stream is copied, and keeps no memory around it', () => {
  const { output, port, environment } = anOutput();
  port.pending = 1;
  const bytes = new Uint8Array(64 * 1024).fill(7);
  output.append(bytes, 1, 3);
  environment.runTurn();
  expect([...(port.written[0] ?? [])]).toEqual([7, 7]);
  expect(port.written[0]?.buffer.byteLength).toBe(2);
});

test('segments that lie behind each other leave as one, not copied', () => {
  const { output, port, environment } = anOutput();
  const bytes = Uint8Array.from({ length: 10 }, (_, index) => index);
  output.append(bytes, 1, 3);
  output.append(bytes, 3, 4);
  output.append(bytes, 4, 9);
  environment.runTurn();
  expect(port.written).toEqual([bytes.subarray(1, 9)]);
  expect(port.written[0]?.buffer).toBe(bytes.buffer);
});

test('acknowledgements in a row are one segment', () => {
  const { output, port, environment } = anOutput();
  for (const packetId of [1, 258, 65_535]) output.acknowledge(PacketType.puback, packetId);
  environment.runTurn();
  expect(port.written).toHaveLength(1);
  const expected = [1, 258, 65_535].map((id) => encodePacket(acknowledgement('puback', id), 5));
  expect(port.bytes).toEqual(Buffer.concat(expected));
});

test('a packet that is shared gets a packet id of its own in each output', () => {
  const packet = encoded(publishPacket('a/b', 'payload', { qos: 1, packetId: 1 }));
  const before = Buffer.from(packet.bytes);
  for (const packetId of [2, 0x1234, 65_535]) {
    const { output, port, environment } = anOutput();
    output.publish(packet, packetId);
    environment.runTurn();
    const expected = publishPacket('a/b', 'payload', { qos: 1, packetId });
    expect(port.bytes).toEqual(Buffer.from(encodePacket(expected, 5)));
  }
  // The shared bytes stay as they were.
  expect(Buffer.from(packet.bytes)).toEqual(before);
});

test.each([10, 4_000, 5_000, 20_000, 70_000, 300_000])(
  'everything comes out as it went in, with payloads of %i bytes',
  (size) => {
    const { output, port, environment } = anOutput();
    const expected: Uint8Array[] = [];
    for (let packetId = 1; packetId <= 5; packetId++) {
      for (const qos of [0, 1, 2] as const) {
        const packet = publishPacket('topic', Buffer.alloc(size, packetId), { qos, packetId });
        output.publish(
          encoded(publishPacket('topic', packet.payload, { qos, packetId: 1 })),
          packetId,
        );
        expected.push(encodePacket(packet, 5));
      }
      output.acknowledge(PacketType.pubrel, packetId);
      expected.push(encodePacket(acknowledgement('pubrel', packetId), 5));
      output.pingresp();
      expected.push(Uint8Array.of(0xd0, 0));
    }
    environment.runTurn();
    expect(port.bytes.equals(Buffer.concat(expected))).toBe(true);
    expect(port.corked).toBe(0);
  },
);

test('a large payload is not copied, only the head with its packet id', () => {
  const { output, port, environment } = anOutput();
  const payload = new Uint8Array(40_000).fill(7);
  output.publish(encoded(publishPacket('a', payload, { qos: 1, packetId: 1 })), 9);
  environment.runTurn();
  const large = port.written.find(({ length }) => length === 40_000);
  expect(large?.byteOffset === 0 || large?.buffer.byteLength === 40_000).toBe(true);
  expect(port.written.reduce((sum, { length }) => sum + length, 0)).toBe(40_000 + 10);
});

test('nor is a large payload that lies behind its head, in the chunk that it came in', () => {
  const { output, port, environment } = anOutput();
  const bytes = new Uint8Array(40_000).fill(7);
  output.publish(new Encoded(bytes, 0, bytes.length, 5), 0x0102);
  environment.runTurn();
  expect(port.written.map(({ length }) => length)).toEqual([7, 40_000 - 7]);
  expect([...(port.written[0] ?? [])]).toEqual([7, 7, 7, 7, 7, 1, 2]);
  expect(port.written[1]?.buffer).toBe(bytes.buffer);
});

test.each<[string, boolean, boolean, number[], boolean]>([
  ['that the system takes at once', true, true, [100], false],
  ['that the stream has still', true, false, [100], true],
  ['for a stream that may have it still', false, true, [100], true],
  ['in pieces that are put together', true, false, [100, 200], false],
  ['in large pieces that the system takes', true, true, [100, 20_000], false],
  ['in large pieces that the stream has still', true, false, [100, 20_000], true],
  ['in large pieces for a stream that may have them still', false, true, [100, 20_000], true],
])('a write %s: is what was read kept', (_, copies, takes, lengths, isKept) => {
  const { output, port, environment, context } = anOutput({ copies });
  port.takes = takes;
  const { readMemory: memory } = context;
  const chunk = memory.take(Buffer.alloc(64 * 1024, 1), 64 * 1024);
  let at = 0;
  for (const length of lengths) {
    // Not right behind each other, or they would be one.
    output.append(chunk, at + 1, at + 1 + length);
    at += length + 1;
  }
  environment.runTurn();
  memory.written();
  const next = [1, 2].map(() => memory.take(Buffer.alloc(64 * 1024, 2), 64 * 1024));
  expect(next.every(({ buffer }) => buffer !== chunk.buffer)).toBe(isKept);
});

test('much output is written before the turn ends', () => {
  const { output, port } = anOutput();
  const bytes = new Uint8Array(10_000);
  for (let index = 0; index < 7; index++) output.append(bytes, 0, bytes.length);
  expect(port.bytes.length).toBeGreaterThan(60_000);
  expect(output.pending).toBeLessThan(20_000);
});

test('the memory of a write is used again only where the port copies, and has taken it', () => {
  for (const { copies, takes, isShared } of [
    { copies: true, takes: true, isShared: true },
    { copies: true, takes: false, isShared: false },
    { copies: false, takes: true, isShared: false },
  ]) {
    const { output, port, environment } = anOutput({ copies });
    port.takes = takes;
    const seen: Buffer[] = [];
    for (const value of [1, 2]) {
      output.append(Uint8Array.of(value), 0, 1);
      output.append(Uint8Array.of(value), 0, 1);
      environment.runTurn();
      seen.push(Buffer.from(port.written.at(-1) as Uint8Array));
    }
    expect(seen).toEqual([Buffer.from([1, 1]), Buffer.from([2, 2])]);
    const [first, second] = port.written as [Uint8Array, Uint8Array];
    const overlaps = first.buffer === second.buffer && first.byteOffset === second.byteOffset;
    expect(overlaps).toBe(isShared);
    // A port that keeps the memory must find it as it was.
    if (!isShared) expect(Buffer.from(first)).toEqual(Buffer.from([1, 1]));
  }
});

test.each([2, 300_000])(
  'what another output writes within a write, %i bytes, does not take its memory',
  (bytes) => {
    const environment = new VirtualEnvironment();
    const context = {
      turn: new Turn(environment),
      outputMemory: new OutputMemory(),
      readMemory: new ReadMemory(),
      stats: new Stats(),
    };
    const [port, otherPort] = [new FakePort({ copies: true }), new FakePort({ copies: true })];
    const [output, other] = [new Output(port, context), new Output(otherPort, context)];
    port.takes = false;
    otherPort.takes = false;
    const write = port.write.bind(port);
    // As who is told of a packet that is sent, and disconnects somebody.
    port.write = (written) => {
      write(written);
      const value = 10 + port.written.length;
      for (let part = 0; part < 2; part++) {
        other.append(new Uint8Array(bytes / 2).fill(value), 0, bytes / 2);
      }
      other.flush();
    };
    for (const value of [1, 2, 3]) {
      output.append(Uint8Array.of(value), 0, 1);
      output.append(Uint8Array.of(value), 0, 1);
      output.flush();
    }
    expect([...port.bytes]).toEqual([1, 1, 2, 2, 3, 3]);
    const expected = [11, 12, 13].flatMap((value) => new Array<number>(bytes).fill(value));
    expect(otherPort.bytes.equals(Buffer.from(expected))).toBe(true);
  },
);

test('what was flushed early is not written again', () => {
  const { output, port, environment } = anOutput();
  output.append(Uint8Array.of(1), 0, 1);
  output.flush();
  output.flush();
  environment.runDeferred();
  expect(port.bytes).toEqual(Buffer.from([1]));
  output.append(Uint8Array.of(2), 0, 1);
  environment.runDeferred();
  expect(port.bytes).toEqual(Buffer.from([1, 2]));
});
