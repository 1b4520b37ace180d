import {
  type AcknowledgementPacket,
  type Packet,
  PacketType,
  type PublishPacket,
  type Qos,
  topicMatches,
} from '@sluice/packet';
import {
  acknowledgement,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from './packets.ts';
import type { TestBroker } from './test-broker.ts';
import type { TestClient } from './test-client.ts';

/** A message that a client published. */
export interface Published {
  readonly publisher: string;
  readonly topic: string;
  readonly qos: Qos;
  readonly payload: string;
  readonly at: number;
  /** Whether the broker acknowledged it. */
  acknowledged: boolean;
}

/** A message that a client took over, once however often it was sent. */
export interface Taken {
  readonly payload: string;
  readonly topic: string;
  readonly qos: Qos;
}

interface Outgoing {
  readonly packet: PublishPacket;
  readonly message: Published;
  released: boolean;
}

/** From when to when a client may get messages of a filter. */
interface Interest {
  readonly filter: string;
  readonly from: number;
  until: number;
}

/** A client as the standard wants it, which remembers what it is owed. */
export class ModelClient {
  readonly clientId: string;
  readonly isDurable: boolean;
  readonly taken: Taken[] = [];
  readonly interests: Interest[] = [];
  /** Filter to when it was granted, as long as nothing was done to it, for QoS 1 and 2. */
  readonly stable: Map<string, number> = new Map();
  readonly #world: TestBroker;
  readonly #now: () => number;
  readonly #version: 4 | 5;
  /** QoS 2 packet identifiers that wait for PUBREL. */
  readonly #held: Set<number> = new Set();
  readonly #outgoing: Map<number, Outgoing> = new Map();
  readonly #subscribing: Map<number, { filter: string; qos: Qos }> = new Map();
  #client: TestClient | undefined;
  #read = 0;
  #packetId = 0;

  constructor(
    clientId: string,
    world: TestBroker,
    now: () => number,
    options: { isDurable: boolean; version: 4 | 5 },
  ) {
    this.clientId = clientId;
    this.isDurable = options.isDurable;
    this.#version = options.version;
    this.#world = world;
    this.#now = now;
  }

  get connected(): boolean {
    return this.#client !== undefined && !this.#client.closed;
  }

  async connect(chunkBytes: number): Promise<void> {
    this.drop();
    const properties =
      this.#version === 5 && this.isDurable ? { sessionExpiryInterval: 1_000 } : {};
    const { client, connack } = await this.#world.resume(this.clientId, {
      version: this.#version,
      cleanStart: !this.isDurable,
      properties,
    });
    client.chunkBytes = chunkBytes;
    this.#client = client;
    this.#read = 0;
    if (!connack.sessionPresent) this.#forget();
    for (const { packet, released } of this.#outgoing.values()) {
      if (released) client.send(acknowledgement('pubrel', packet.packetId));
      else client.send({ ...packet, dup: true });
    }
    this.read();
  }

  /** The connection is cut: what is on its way may be lost. */
  drop(): void {
    this.read();
    this.#client?.stream.destroy();
    this.#client = undefined;
    if (!this.isDurable) this.#forget();
  }

  publish(message: Published): void {
    const packetId = this.#nextPacketId();
    const { topic, payload, qos } = message;
    const packet = publishPacket(topic, payload, { qos, packetId });
    if (qos > 0) this.#outgoing.set(packetId, { packet, message, released: false });
    this.#client?.send(packet);
  }

  subscribe(filter: string, qos: Qos): void {
    const packetId = this.#nextPacketId();
    this.#isChanging(filter);
    this.interests.push({ filter, from: this.#now(), until: Infinity });
    this.#subscribing.set(packetId, { filter, qos });
    this.#client?.send(subscribePacket(packetId, [subscription(filter, { qos })]));
  }

  unsubscribe(filter: string): void {
    this.#isChanging(filter);
    this.#client?.send(unsubscribePacket(this.#nextPacketId(), [filter]));
  }

  /** Handles what came since the last time. */
  read(): void {
    const packets = this.#client?.received() ?? [];
    for (; this.#read < packets.length; this.#read++) this.#handle(packets[this.#read] as Packet);
  }

  /** Whether it may have got a message that was published at some time. */
  wanted({ topic, at }: Published): boolean {
    return this.interests.some(({ filter, until }) => until >= at && topicMatches(filter, topic));
  }

  /** Whether it must have got it at QoS 1 or 2. */
  isOwed({ topic, at }: Published): boolean {
    return [...this.stable].some(([filter, from]) => from < at && topicMatches(filter, topic));
  }

  #handle(packet: Packet): void {
    switch (packet.type) {
      case PacketType.publish:
        this.#take(packet);
        break;
      case PacketType.pubrel:
        this.#held.delete((packet as AcknowledgementPacket).packetId);
        break;
      case PacketType.puback:
      case PacketType.pubrec:
        this.#acknowledged(packet as AcknowledgementPacket);
        break;
      case PacketType.pubcomp:
        this.#outgoing.delete((packet as AcknowledgementPacket).packetId);
        break;
      case PacketType.suback: {
        const wish = this.#subscribing.get(packet.packetId);
        if (wish !== undefined && wish.qos > 0) this.stable.set(wish.filter, this.#now());
        break;
      }
      default:
    }
  }

  #take({ topic, payload, qos, packetId }: PublishPacket): void {
    if (qos === 2) {
      if (this.#held.has(packetId)) return;
      this.#held.add(packetId);
    }
    this.taken.push({ topic, payload: payload.toString(), qos });
  }

  #acknowledged({ type, packetId }: AcknowledgementPacket): void {
    const outgoing = this.#outgoing.get(packetId);
    if (outgoing === undefined) return;
    outgoing.message.acknowledged = true;
    if (type === PacketType.puback) {
      this.#outgoing.delete(packetId);
    } else {
      outgoing.released = true;
      this.#client?.send(acknowledgement('pubrel', packetId));
    }
  }

  /** The session is over: nothing that was on its way is owed any more. */
  #forget(): void {
    this.#held.clear();
    this.#outgoing.clear();
    this.#subscribing.clear();
    this.stable.clear();
    for (const interest of this.interests) interest.until = Math.min(interest.until, this.#now());
  }

  /** An answer that is still to come says nothing about the filter any more. */
  #isChanging(filter: string): void {
    this.stable.delete(filter);
    for (const [packetId, wish] of this.#subscribing) {
      if (wish.filter === filter) this.#subscribing.delete(packetId);
    }
  }

  #nextPacketId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    return this.#packetId;
  }
}
