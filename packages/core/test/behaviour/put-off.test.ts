import { Duplex } from 'node:stream';
import { encodePacket, PacketType } from '@sluice/packet';
import { expect, test } from 'vitest';
import { aWill, connectPacket, publishPacket } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

const disconnect = Buffer.from([PacketType.disconnect << 4, 0]);

test('what a client sent before it closed is handled before the broker closes, also when others have their turn', async () => {
  const world = await startTestBroker({ limits: { maxBytesPerTurn: 1_024 } });
  const watcher = await world.connect('watcher');
  await watcher.subscribe('will');
  const clientsThen: number[] = [];
  class Watched extends Duplex {
    override _read(): void {}
    override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
      done();
    }
    override end(): this {
      clientsThen.push(world.broker.stats.clients);
      return super.end();
    }
  }
  const stream = new Watched();
  world.broker.handle(stream);
  stream.push(encodePacket(connectPacket(5, { clientId: 'c', will: aWill('will', 'x') }), 5));
  await world.settle();
  // More than the turn has room for, so that the next chunk is put off; the end comes before its turn.
  stream.emit('data', encodePacket(publishPacket('other', 'x'.repeat(2_000)), 5));
  stream.emit('data', disconnect);
  stream.emit('end');
  await world.settle();
  expect(clientsThen).toEqual([1]);
  expect(await watcher.payloads()).toEqual([]);
});
