import {
  type AcknowledgementPacket,
  type ConnackPacket,
  Decoder,
  type DisconnectPacket,
  encodePacket,
  isFailure,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  type Qos,
  type SubackPacket,
  type SubscriptionRequest,
  type UnsubackPacket,
} from '@sluice/packet';
import {
  acknowledgement,
  type ConnectFields,
  connectPacket,
  disconnectPacket,
  nameOf,
  type PacketByName,
  type PublishFields,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from './packets.ts';
import { TestStream } from './test-stream.ts';

/** A PUBLISH of the broker in a form that is easy to compare. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly properties: PublishProperties;
}

/** The world that a client lives in. */
interface World {
  settle(): Promise<void>;
}

/** A client that does what a test says, packet by packet, also what no client should do. */
export class TestClient {
  readonly version: ProtocolVersion;
  readonly stream: TestStream;
  /** Whether it answers PUBLISH and PUBREL by itself. */
  acknowledges = true;
  /** Size of the chunks in which it sends; Infinity for one chunk a packet. */
  chunkBytes: number = Infinity;
  readonly #world: World;
  readonly #decoder: Decoder;
  readonly #received: Packet[] = [];
  #unread: Packet[] = [];
  #answers: Packet[] = [];
  #nextPacketId = 1;

  constructor(version: ProtocolVersion, world: World) {
    this.version = version;
    this.#world = world;
    this.#decoder = new Decoder({
      role: 'client',
      maxPacketBytes: 268_435_460,
      protocolVersion: version,
    });
    this.stream = new TestStream((bytes) => this.#take(bytes));
  }

  /** The broker ended the connection, or it was cut. */
  get closed(): boolean {
    return this.stream.gone;
  }

  /** Reason code of the DISCONNECT that the broker sent; undefined when it sent none. */
  get disconnectCode(): number | undefined {
    const last = this.#received.findLast((packet) => packet.type === PacketType.disconnect);
    return (last as DisconnectPacket | undefined)?.reasonCode;
  }

  /** Names of all packets so far, in order. */
  get history(): string[] {
    return this.#received.map(nameOf);
  }

  /** All packets so far. */
  received(): readonly Packet[] {
    return this.#received;
  }

  packetId(): number {
    return this.#nextPacketId++;
  }

  /** Sends packets or bytes, as they are. */
  send(...packets: (Packet | Uint8Array)[]): void {
    const bytes = packets.map((packet) =>
      packet instanceof Uint8Array ? packet : encodePacket(packet, this.version),
    );
    const all = Buffer.concat(bytes);
    for (let at = 0; at < all.length && !this.stream.gone; at += this.chunkBytes) {
      const end = Math.min(all.length, at + this.chunkBytes);
      // A chunk of its own, so that nobody can lean on what lies beside it.
      this.stream.push(Buffer.from(all.subarray(at, end)));
    }
  }

  /** Answers what it received since the last time; true when there was something. */
  sendAnswers(): boolean {
    if (this.#answers.length === 0 || this.stream.gone) return false;
    const answers = this.#answers;
    this.#answers = [];
    this.send(...answers);
    return true;
  }

  async connect(fields: ConnectFields = {}): Promise<ConnackPacket> {
    this.send(connectPacket(this.version, fields));
    return this.receive('connack');
  }

  /** SUBSCRIBE to filters, with QoS 2 where nothing else is said. */
  async subscribe(
    filters: string | readonly SubscriptionRequest[],
    fields: Partial<SubscriptionRequest> & { identifier?: number } = {},
  ): Promise<SubackPacket> {
    const { identifier, ...options } = fields;
    const requests = typeof filters === 'string' ? [subscription(filters, options)] : filters;
    this.send(subscribePacket(this.packetId(), requests, identifier));
    return this.receive('suback');
  }

  async unsubscribe(...filters: string[]): Promise<UnsubackPacket> {
    this.send(unsubscribePacket(this.packetId(), filters));
    return this.receive('unsuback');
  }

  /** Publishes and goes through the handshake of the QoS. Returns the reason code of PUBACK or PUBREC. */
  async publish(
    topic: string,
    payload: Uint8Array | string = '',
    fields: PublishFields = {},
  ): Promise<number> {
    const { qos = 0, packetId = qos === 0 ? 0 : this.packetId() } = fields;
    this.send(publishPacket(topic, payload, { ...fields, packetId }));
    if (qos === 0) {
      await this.#world.settle();
      return 0;
    }
    if (qos === 1) return (await this.receive('puback')).reasonCode;
    const { reasonCode } = await this.receive('pubrec');
    if (!isFailure(reasonCode)) {
      this.send(acknowledgement('pubrel', packetId));
      await this.receive('pubcomp');
    }
    return reasonCode;
  }

  /** The first packet of this kind that was not looked at yet; throws when there is none. */
  async receive<Name extends keyof PacketByName>(name: Name): Promise<PacketByName[Name]> {
    await this.#world.settle();
    const index = this.#unread.findIndex((packet) => packet.type === PacketType[name]);
    if (index < 0) {
      const others = this.#unread.map(nameOf).join(', ') || 'nothing';
      const state = this.closed ? ' and the connection is closed' : '';
      throw new Error(`no ${name} came, but ${others}${state}`);
    }
    const [packet] = this.#unread.splice(index, 1);
    return packet as unknown as PacketByName[Name];
  }

  /** The messages that came and were not looked at yet. */
  async messages(): Promise<ReceivedMessage[]> {
    await this.#world.settle();
    const messages = this.#unread.filter((packet) => packet.type === PacketType.publish);
    this.#unread = this.#unread.filter((packet) => packet.type !== PacketType.publish);
    return (messages as PublishPacket[]).map((packet) => {
      const { topic, payload, qos, retain, dup, packetId, properties } = packet;
      return { topic, payload: payload.toString(), qos, retain, dup, packetId, properties };
    });
  }

  /** Payloads of the messages that came and were not looked at yet. */
  async payloads(): Promise<string[]> {
    return (await this.messages()).map(({ payload }) => payload);
  }

  /** Names of the packets that came and were not looked at yet; they count as seen. */
  async unread(): Promise<string[]> {
    await this.#world.settle();
    const names = this.#unread.map(nameOf);
    this.#unread = [];
    return names;
  }

  /** DISCONNECT, and the end of the stream behind it. */
  async disconnect(...fields: Parameters<typeof disconnectPacket>): Promise<void> {
    this.send(disconnectPacket(...fields));
    await this.#world.settle();
  }

  /** The network fails. */
  async drop(error?: Error): Promise<void> {
    this.stream.destroy(error);
    await this.#world.settle();
  }

  #take(bytes: Uint8Array): void {
    // A copy: what is decoded must not change when the broker uses its memory again.
    this.#decoder.push(Buffer.from(bytes));
    for (;;) {
      const packet = this.#decoder.next();
      if (packet === undefined) return;
      this.#received.push(packet);
      this.#unread.push(packet);
      if (this.acknowledges) this.#answer(packet);
    }
  }

  #answer(packet: Packet): void {
    if (packet.type === PacketType.publish && packet.qos > 0) {
      this.#answers.push(acknowledgement(packet.qos === 1 ? 'puback' : 'pubrec', packet.packetId));
    } else if (packet.type === PacketType.pubrel) {
      const { packetId } = packet as AcknowledgementPacket;
      this.#answers.push(acknowledgement('pubcomp', packetId));
    }
  }
}
