import { Decoder, type Packet, PacketType } from '@sluice/packet';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ReadMemory } from '../src/base/read-memory.ts';
import { Turn } from '../src/base/turn.ts';
import { Reading, ReadingStop } from '../src/connection/reading.ts';
import { defaultLimits } from '../src/context/options.ts';
import { FakePort } from './support/fake-port.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

function aReading(onHandled: () => void = () => {}, readMemory = new ReadMemory()) {
  const environment = new VirtualEnvironment();
  const port = new FakePort();
  const handled: Packet[] = [];
  const owner = {
    limits: defaultLimits,
    handle: (packet: Packet): void => {
      handled.push(packet);
      onHandled();
    },
    fail: (error: unknown) => expect.unreachable(String(error)),
  };
  const context = { environment, turn: new Turn(environment), readMemory };
  const decoder = new Decoder({ role: 'server', protocolVersion: 5, maxPacketBytes: 100 });
  return {
    environment,
    context,
    reading: new Reading(decoder, port, context, owner),
    handled,
    decoder,
  };
}

test('what comes while it is stopped is copied, and keeps no memory around it', () => {
  const { reading, handled, decoder } = aReading();
  const push = vi.spyOn(decoder, 'push');
  onTestFinished(() => push.mockRestore());
  const page = new Uint8Array(64 * 1024);
  page.set([0xc0, 0], 100);
  reading.stop(ReadingStop.handler);
  reading.push(page.subarray(100, 102));
  expect([reading.heldBytes, handled]).toEqual([2, []]);
  reading.resume(ReadingStop.handler);
  expect(handled.map(({ type }) => type)).toEqual([PacketType.pingreq]);
  expect(push.mock.calls.map(([chunk]) => chunk.buffer.byteLength)).toEqual([2]);
});

test('who begins late in a turn has less than a millisecond of it', () => {
  const { environment, context, reading, handled } = aReading(() => {
    environment.block(0.25);
    reading.tookLong();
  });
  const chunk = Buffer.from('c000'.repeat(10), 'hex');
  expect(context.turn.isOver).toBe(false);
  environment.block(2.5);
  reading.push(chunk);
  expect([handled.length, environment.monotonic()]).toEqual([3, 3.25]);
  environment.runDeferred();
  expect(handled).toHaveLength(10);
});

test('memory of chunks that have to wait is not used for others meanwhile', () => {
  const memory = new ReadMemory(true);
  const { environment, context, reading, handled } = aReading(() => {
    environment.block(1);
    reading.tookLong();
  }, memory);
  const pings = Buffer.from('c000'.repeat(6), 'hex');
  const read = (): Buffer => memory.take(pings, pings.length);
  const toTheEnd = (): void => {
    memory.written();
    while (environment.deferred > 0) {
      environment.runTurn();
      memory.written();
    }
  };
  reading.push(read());
  expect(handled.length).toBeLessThan(6);
  toTheEnd();
  // The turn is over before anything of the next one is handled.
  expect([handled.length, context.turn.isOver]).toEqual([6, false]);
  environment.block(10);
  reading.push(read());
  expect(handled.length).toBe(6);
  toTheEnd();
  expect([handled.length, reading.heldBytes]).toEqual([12, 0]);
});

test.each([
  ['much', 40_000, 1],
  ['little', 10_000, 0],
])('%s at once is written at once', (_, bytes, early) => {
  let asked = 0;
  let written = 0;
  const { environment, context, reading } = aReading(() => {
    if (asked++ === 0) context.turn.flush({ endTurn: () => written++ });
  });
  reading.push(Buffer.from('c000'.repeat(bytes / 2), 'hex'));
  expect(written).toBe(early);
  environment.runDeferred();
  expect(written).toBeGreaterThan(0);
});
