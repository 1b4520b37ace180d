import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { createBroker, createEnvironment } from '@sluice/core';
import {
  Decoder,
  encodePacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type Qos,
} from '@sluice/packet';
import type { Message } from '@sluice/plugin';
import { expect, onTestFinished, test } from 'vitest';
import {
  acknowledgement,
  type ConnectFields,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
} from '../../packages/core/test/support/packets.ts';
import { Dice } from '../simulation/dice.ts';
import { host } from '../support/server-process.ts';

const seqBytes = 4;
const publishers = 6;
const bursts = 25;
const smallSizes = [seqBytes, 60, 1_000];
const sizes = [...smallSizes, 5_000, 20_000, 70_000];

/** Says who sent it and what it is, in each of its bytes. */
function payloadOf(publisher: number, sequence: number, size: number): Buffer {
  const payload = Buffer.alloc(size, (publisher * 31 + sequence * 7) & 0x7f);
  payload.writeUInt32BE(publisher * 100_000 + sequence);
  return payload;
}

const publisherOf = (number: number): number => Math.floor(number / 100_000);

/** The number of a message that is as it was sent; or what is wrong with it. */
function read(topic: string, payload: Uint8Array): number | string {
  const bytes = Buffer.from(payload);
  const number = bytes.length < seqBytes ? -1 : bytes.readUInt32BE();
  const publisher = publisherOf(number);
  const sent = payloadOf(Math.max(0, publisher), number % 100_000, bytes.length);
  return topic === `t/${publisher}` && sent.equals(bytes) ? number : `altered: ${topic}`;
}

function* cut(bytes: Buffer, dice: Dice): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + dice.between(1, dice.chance(50) ? 300 : 100_000);
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** A client on a socket of its own, which answers everything. */
class Peer {
  readonly received: (number | string)[] = [];
  readonly socket: Socket;
  /** Messages of its own that are not acknowledged yet. */
  open = 0;
  readonly #version: ProtocolVersion;
  /** What must not come between two pieces of a packet. */
  #later: Packet[] | undefined;
  #onPacket: (packet: Packet) => void = () => {};

  private constructor(socket: Socket, version: ProtocolVersion) {
    this.#version = version;
    this.socket = socket;
    const decoder = new Decoder({ role: 'client', maxPacketBytes: 1e6, protocolVersion: version });
    socket.on('data', (chunk) => {
      decoder.push(chunk);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        this.#handle(packet);
      }
    });
  }

  static async connect(port: number, version: ProtocolVersion, fields: ConnectFields = {}) {
    const socket = connect({ port, host, noDelay: true });
    onTestFinished(() => void socket.destroy());
    const peer = new Peer(socket, version);
    peer.send(connectPacket(version, fields));
    await peer.came(PacketType.connack);
    return peer;
  }

  async subscribe(filter: string, qos: Qos): Promise<void> {
    this.send(subscribePacket(1, [subscription(filter, { qos })]));
    await this.came(PacketType.suback);
  }

  /** All of it, packet by packet or in pieces of any length, and what it is answered. */
  async publish(packets: readonly PublishPacket[], dice: Dice): Promise<void> {
    this.open = packets.filter(({ qos }) => qos > 0).length;
    const whole = packets.map((packet) => encodePacket(packet, this.#version));
    this.#later = [];
    for (const piece of dice.chance(50) ? whole : cut(Buffer.concat(whole), dice)) {
      this.socket.write(piece);
      if (dice.chance(20)) await nextTurn();
    }
    const later = this.#later;
    this.#later = undefined;
    for (const packet of later) this.send(packet);
    while (this.open > 0) await this.came();
  }

  send(packet: Packet): void {
    if (this.#later !== undefined) this.#later.push(packet);
    else this.socket.write(encodePacket(packet, this.#version));
  }

  async came(type?: Packet['type']): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onPacket = (packet) => {
        if (type === undefined || packet.type === type) resolve();
      };
    });
  }

  #handle(packet: Packet): void {
    if (packet.type === PacketType.publish) this.#take(packet);
    else if (packet.type === PacketType.pubrec) this.#answer('pubrel', packet.packetId);
    else if (packet.type === PacketType.pubrel) this.#answer('pubcomp', packet.packetId);
    else if (packet.type === PacketType.puback || packet.type === PacketType.pubcomp) this.open--;
    this.#onPacket(packet);
  }

  #take({ topic, payload, qos, packetId }: PublishPacket): void {
    this.received.push(read(topic, payload));
    if (qos > 0) this.#answer(qos === 1 ? 'puback' : 'pubrec', packetId);
  }

  #answer(name: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number): void {
    this.send(acknowledgement(name, packetId));
  }
}

async function aBroker(overwritesReads: boolean, maxReceiversPerTurn: number) {
  const environment = { ...createEnvironment(), overwritesReads };
  const limits = { maxQueuedMessages: 1e5, maxQueuedBytes: 1e9, maxReceiversPerTurn };
  const broker = await createBroker({ environment, limits });
  const server = createServer(broker.handle);
  onTestFinished(async () => {
    server.close();
    await broker.close();
  });
  server.listen(0, host);
  await once(server, 'listening');
  return { broker, port: (server.address() as AddressInfo).port };
}

function burst(dice: Dice, publisher: number, begin: number): PublishPacket[] {
  const some = dice.chance(60) ? smallSizes : sizes;
  return Array.from({ length: dice.between(1, 20) }, (_, index) =>
    publishPacket(`t/${publisher}`, payloadOf(publisher, begin + index, dice.pick(some)), {
      qos: dice.below(3) as Qos,
      retain: dice.chance(5),
      packetId: index + 1,
    }),
  );
}

test.each([1, 2, 3, 4])('nobody gets bytes of another message, seed %i', async (seed) => {
  const dice = new Dice(seed);
  // Other bytes take the place of what was read as soon as the broker is done with it; or, as usual, when something comes.
  // With few receivers in a turn, most fan-outs take more than one.
  const { broker, port } = await aBroker(seed !== 4, seed === 1 ? 3 : 1_000);
  const shown: Message[] = [];
  // What these get is copied for everybody: most messages go elsewhere.
  broker.subscribe('t/0', (message) => void shown.push(message));
  const receivers = await Promise.all(
    ([0, 1, 2, 1] as const).map(async (qos, index) => {
      const fields = { properties: { receiveMaximum: 2 } };
      const peer = await (index === 3 ? Peer.connect(port, 5, fields) : Peer.connect(port, 4));
      await peer.subscribe('t/#', qos);
      return peer;
    }),
  );
  const slow = receivers[3] as Peer;
  const durable = { clientId: 'durable', cleanStart: false };
  let guest = await Peer.connect(port, 4, durable);
  await guest.subscribe('t/1', 1);
  const kept = [...guest.received];
  const expected: number[] = [];
  const publish = async (publisher: number): Promise<void> => {
    const peer = await Peer.connect(port, publisher % 2 === 0 ? 4 : 5);
    for (let round = 0, sequence = 0; round < bursts; round++) {
      const packets = burst(dice, publisher, sequence);
      for (const [index, { qos }] of packets.entries()) {
        if (qos > 0) expected.push(publisher * 100_000 + sequence + index);
      }
      sequence += packets.length;
      await peer.publish(packets, dice);
    }
  };
  const disturb = async (): Promise<void> => {
    for (let round = 0; round < bursts; round++) {
      slow.socket.pause();
      guest.socket.destroy();
      kept.push(...guest.received);
      await delay(dice.between(1, 20));
      slow.socket.resume();
      guest = await Peer.connect(port, 4, durable);
      await delay(dice.between(1, 20));
    }
  };
  const all = Array.from({ length: publishers }, (_, publisher) => publish(publisher));
  await Promise.all([...all, disturb()]);
  const late = await Peer.connect(port, 4);
  await late.subscribe('t/#', 2);
  await expect.poll(() => late.received.length).toBeGreaterThan(0);
  const owed = (topic?: number) =>
    expected.filter((number) => topic === undefined || publisherOf(number) === topic).sort();
  const expectAll = async (received: () => readonly (number | string)[], topic?: number) => {
    const all = owed(topic);
    const isOwed = new Set<number | string>(all);
    // QoS 0 may be lost, and QoS 1 repeated.
    const found = () => [...new Set(received())].filter((number) => isOwed.has(number)).sort();
    await expect.poll(found).toEqual(all);
    expect(received().filter((number) => typeof number === 'string')).toEqual([]);
  };
  const [atMostOnce, atLeastOnce, exactlyOnce] = receivers as [Peer, Peer, Peer, Peer];
  for (const receiver of [atLeastOnce, exactlyOnce, slow]) await expectAll(() => receiver.received);
  await expectAll(() => [...kept, ...guest.received], 1);
  await expectAll(() => shown.map(({ topic, payload }) => read(topic, payload)), 0);
  const others = [...atMostOnce.received, ...late.received];
  expect(others.filter((number) => typeof number === 'string')).toEqual([]);
});
