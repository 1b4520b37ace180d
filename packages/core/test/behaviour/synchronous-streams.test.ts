import { Duplex } from 'node:stream';
import { Decoder, encodePacket, type Packet, PacketType } from '@sluice/packet';
import { expect, test } from 'vitest';
import {
  acknowledgement,
  aWill,
  connectPacket,
  disconnectPacket,
  pingreq,
  publishPacket,
  subscribePacket,
  subscription,
} from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

/** A client that answers within the write that it is answering, as over a pair of streams in one process. */
class SynchronousClient {
  readonly stream: Duplex;
  readonly payloads: string[] = [];
  readonly dups: boolean[] = [];
  onMessage: () => void = () => {};
  onDisconnect: () => void = () => {};
  readonly #decoder = new Decoder({
    role: 'client',
    maxPacketBytes: 268_435_460,
    protocolVersion: 5,
  });

  constructor(world: TestBroker) {
    this.stream = new Duplex({
      read() {},
      write: (chunk, _encoding, done) => {
        this.#take(chunk);
        done();
      },
    });
    world.broker.handle(this.stream);
  }

  send(...packets: Packet[]): void {
    this.stream.push(Buffer.concat(packets.map((packet) => encodePacket(packet, 5))));
  }

  #take(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    const answers: Packet[] = [];
    for (let packet = this.#decoder.next(); packet; packet = this.#decoder.next()) {
      if (packet.type === PacketType.pubrel)
        answers.push(acknowledgement('pubcomp', packet.packetId));
      if (packet.type === PacketType.disconnect) this.onDisconnect();
      if (packet.type !== PacketType.publish) continue;
      this.payloads.push(String(packet.payload.subarray(0, 4)));
      this.dups.push(packet.dup);
      if (packet.qos > 0) {
        answers.push(acknowledgement(packet.qos === 1 ? 'puback' : 'pubrec', packet.packetId));
      }
      this.onMessage();
    }
    if (answers.length > 0) this.send(...answers);
  }
}

async function aReader(world: TestBroker, receiveMaximum: number): Promise<SynchronousClient> {
  const reader = new SynchronousClient(world);
  await world.settle();
  reader.send(connectPacket(5, { clientId: 'reader', properties: { receiveMaximum } }));
  await world.settle();
  reader.send(subscribePacket(1, [subscription('a', { qos: 1 })]));
  await world.settle();
  return reader;
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `${1_000 + index}`);

test.each([
  ['small', 4],
  ['large', 40_000],
])('a client that answers at once gets every %s message once, in order', async (_, bytes) => {
  const world = await startTestBroker();
  const reader = await aReader(world, 3);
  const expected = names(20);
  for (const name of expected) {
    void world.broker.publish({ topic: 'a', payload: name.padEnd(bytes), qos: 1 });
  }
  await world.settle();
  expect(reader.payloads).toEqual(expected);
  expect(reader.dups).not.toContain(true);
});

test('a client that publishes to itself within a write gets every message once', async () => {
  const world = await startTestBroker();
  const reader = await aReader(world, 100);
  const writer = await world.connect('writer');
  let left = 20;
  reader.onMessage = () => {
    if (left-- > 0)
      writer.send(
        publishPacket('a', `2${100 + left}`.padEnd(40_000), { qos: 1, packetId: 100 + left }),
      );
  };
  for (const name of names(20)) {
    void world.broker.publish({ topic: 'a', payload: name.padEnd(40_000), qos: 1 });
  }
  await world.settle();
  expect(reader.payloads).toHaveLength(40);
  expect(new Set(reader.payloads).size).toBe(40);
});

test('what is answered within a write does not come in the middle of a packet', async () => {
  const world = await startTestBroker();
  const reader = await aReader(world, 100);
  reader.onMessage = () => reader.send(pingreq);
  const expected: string[] = [];
  // The head of the second message is what makes one of these too much to wait for the end of the turn.
  for (let rest = 40; rest > 0; rest--) {
    for (const [index, bytes] of [65_536 - rest, 20_000].entries()) {
      const name = `${index}${100 + rest}`;
      expected.push(name);
      void world.broker.publish({ topic: 'a', payload: name.padEnd(bytes) });
    }
    await world.settle();
  }
  expect(reader.payloads).toEqual(expected);
});

test.each([1, 2] as const)(
  'what waited for a client that answers at once comes once, in order, QoS %i',
  async (qos) => {
    const world = await startTestBroker();
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const before = await world.connect('reader', durable);
    await before.subscribe('a', { qos });
    await before.drop();
    const expected = names(40);
    for (const name of expected) await world.publish('a', name.padEnd(40_000), { qos });
    const reader = new SynchronousClient(world);
    await world.settle();
    const { properties } = durable;
    reader.send(
      connectPacket(5, {
        clientId: 'reader',
        ...durable,
        properties: { ...properties, receiveMaximum: 7 },
      }),
    );
    await world.settle();
    expect(reader.payloads).toEqual(expected);
    expect(reader.dups).not.toContain(true);
    expect(world.broker.sessions.get('reader')).toMatchObject({ queuedMessages: 0 });
  },
);

test('a client that answers DISCONNECT with its own ends once, and by the broker', async () => {
  const told: unknown[] = [];
  const plugin = aPlugin(({ hook }) => {
    hook('disconnected', ({ client, by }) => void told.push([client.clientId, by]));
  });
  const world = await startTestBroker({ plugins: [plugin] });
  const watcher = await world.connect('watcher');
  await watcher.subscribe('w');
  const client = new SynchronousClient(world);
  client.onDisconnect = () => client.send(disconnectPacket());
  await world.settle();
  client.send(connectPacket(5, { clientId: 'c', will: aWill('w') }));
  await world.settle();
  world.broker.disconnect('c');
  expect(await watcher.messages()).toHaveLength(1);
  expect(told).toEqual([['c', 'broker']]);
  expect(world.broker.stats).toMatchObject({ clients: 1, sessions: 1 });
});

test('a message whose client leaves within the write that brings it counts as sent', async () => {
  const world = await startTestBroker();
  const durable = {
    clientId: 'reader',
    cleanStart: false,
    properties: { sessionExpiryInterval: 100 },
  };
  const reader = new SynchronousClient(world);
  await world.settle();
  reader.send(connectPacket(5, durable));
  await world.settle();
  reader.send(
    subscribePacket(1, [subscription('a', { qos: 1 }), subscription('$share/g/b', { qos: 2 })]),
  );
  await world.settle();
  const leaves = (leaving: SynchronousClient) => () => leaving.send(disconnectPacket());
  reader.onMessage = leaves(reader);
  await world.publish('a', '1000'.padEnd(70_000), { qos: 1 });
  expect(reader.payloads).toEqual(['1000']);
  // [MQTT-3.3.1-1]
  const again = new SynchronousClient(world);
  await world.settle();
  again.send(connectPacket(5, durable));
  await world.settle();
  expect(again.payloads).toEqual(['1000']);
  expect(again.dups).toEqual([true]);
  // A QoS 2 message whose delivery has begun goes to no other member [MQTT-4.8.2-5].
  const other = await world.connect('other');
  again.onMessage = leaves(again);
  await world.publish('b', '2000'.padEnd(70_000), { qos: 2 });
  expect(again.payloads).toEqual(['1000', '2000']);
  await other.subscribe('$share/g/b', { qos: 2 });
  void world.broker.sessions.end('reader');
  expect(await other.messages()).toEqual([]);
});
