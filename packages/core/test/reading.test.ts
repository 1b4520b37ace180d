import { Decoder, type Packet, PacketType } from '@sluice/packet';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Turn } from '../src/base/turn.ts';
import { Reading, ReadingStop } from '../src/connection/reading.ts';
import { defaultLimits } from '../src/context/options.ts';
import { FakePort } from './support/fake-port.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

function aReading() {
  const environment = new VirtualEnvironment();
  const port = new FakePort();
  const handled: Packet[] = [];
  const owner = {
    limits: defaultLimits,
    handle: (packet: Packet) => void handled.push(packet),
    fail: (error: unknown) => expect.unreachable(String(error)),
  };
  const context = { environment, turn: new Turn(environment) };
  const decoder = new Decoder({ role: 'server', protocolVersion: 5, maxPacketBytes: 100 });
  return { reading: new Reading(decoder, port, context, owner), handled, decoder };
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
