import { Buffer } from 'node:buffer';
import {
  type AcknowledgementPacket,
  type ConnackPacket,
  type Packet,
  PacketType,
  type PublishPacket,
  packetTypeName,
  ReasonCode,
} from '@sluice/packet';
import type { Delivery, Observation } from './observation.ts';
import type { ConnectStep, ScriptMessage, SubscribeStep, Withheld } from './script.ts';
import { ScriptConnection, within } from './script-connection.ts';
import { packetProperties, packetWill, readDelivery } from './script-messages.ts';

const success = { reasonCode: ReasonCode.success, properties: {} } as const;

/** One client of a script at one broker, over all of its connections. It notes what it sees. */
export class ScriptClient {
  readonly #clientId: string;
  readonly #port: number;
  #connection: ScriptConnection | undefined;
  #connect: ConnectStep | undefined;
  #withheld: Withheld = 'none';
  /** Acknowledgements kept back, oldest first. */
  #kept: AcknowledgementPacket[] = [];
  /** Topic names by alias: those of the broker, and the client's own. */
  readonly #heardAliases = new Map<number, string>();
  readonly #ownAliases = new Map<number, string>();
  /** Payload by packet id, of this session. */
  readonly #seen = new Map<number, string>();
  /** Packet ids whose PUBREC does not end in a PUBREL at once. */
  readonly #held = new Set<number>();
  #lastPacketId = 0;
  #onPubrec: (() => void) | undefined;
  #onConnack: (() => void) | undefined;

  #answers: string[] = [];
  #deliveries: Delivery[] = [];
  #released: string[] = [];
  #closed: string | undefined;

  constructor(clientId: string, port: number) {
    this.#clientId = clientId;
    this.#port = port;
  }

  /** The open one. */
  get connection(): ScriptConnection | undefined {
    return this.#connection?.isOver === false ? this.#connection : undefined;
  }

  /** What was seen since the last call. */
  takeObservation(): Observation {
    const seen = {
      answers: this.#answers,
      deliveries: this.#deliveries,
      released: this.#released,
      ...(this.#closed !== undefined && { closed: this.#closed }),
    };
    this.#answers = [];
    this.#deliveries = [];
    this.#released = [];
    this.#closed = undefined;
    return seen;
  }

  /** Connects, also over a connection that is still there: the broker has to end that one. */
  async connect(step: ConnectStep): Promise<void> {
    const previous = this.connection;
    this.#connect = step;
    this.#withheld = step.withheld;
    this.#kept = [];
    this.#heardAliases.clear();
    this.#ownAliases.clear();
    const { version, clean, will, receiveMaximum, topicAliasMaximum, sessionExpiry } = step;
    const { maximumPacketSize } = step;
    const connack = new Promise<void>((resolve) => {
      this.#onConnack = resolve;
    });
    const connection = new ScriptConnection(
      this.#port,
      {
        type: PacketType.connect,
        protocolVersion: version,
        cleanStart: clean,
        keepAlive: 0,
        clientId: this.#clientId,
        ...(will !== undefined && { will: packetWill(will) }),
        properties: {
          ...(sessionExpiry > 0 && { sessionExpiryInterval: sessionExpiry }),
          ...(receiveMaximum !== undefined && { receiveMaximum }),
          ...(topicAliasMaximum !== undefined && { topicAliasMaximum }),
          ...(maximumPacketSize !== undefined && { maximumPacketSize }),
        },
      },
      (packet, from) => this.#read(packet, from),
    );
    this.#connection = connection;
    void connection.closed.then((byBroker) => {
      if (byBroker) this.#closed ??= 'closed';
    });
    await within('CONNACK', Promise.race([connack, connection.closed]));
    if (previous !== undefined) await within('the end of the old connection', previous.closed);
  }

  subscribe({ identifier, subscriptions }: SubscribeStep): void {
    this.#connection?.send({
      type: PacketType.subscribe,
      packetId: this.#nextPacketId(),
      properties: { ...(identifier !== undefined && { subscriptionIdentifier: identifier }) },
      subscriptions,
    });
  }

  unsubscribe(filters: readonly string[]): void {
    const packetId = this.#nextPacketId();
    this.#connection?.send({ type: PacketType.unsubscribe, packetId, properties: {}, filters });
  }

  publish(messages: readonly ScriptMessage[]): void {
    this.#connection?.send(...messages.map((message) => this.#packet(message)));
  }

  /** Cuts a QoS 2 exchange in the middle, connects again, and brings it to its end. */
  async interrupt(
    message: ScriptMessage,
    seenPubrec: boolean,
    resend: 'publish' | 'pubrel',
  ): Promise<void> {
    const { alias: _, ...plain } = message;
    const packet = this.#packet(plain);
    const { packetId } = packet;
    this.#held.add(packetId);
    if (seenPubrec) {
      const pubrec = new Promise<void>((resolve) => {
        this.#onPubrec = resolve;
      });
      this.#connection?.send(packet);
      await within('PUBREC', pubrec);
      await this.#connection?.cut();
    } else {
      await this.#connection?.cut(packet);
    }
    this.#held.delete(packetId);
    if (this.#connect !== undefined) await this.connect({ ...this.#connect, clean: false });
    this.#connection?.send(
      resend === 'publish'
        ? { ...packet, dup: true }
        : { type: PacketType.pubrel, packetId, ...success },
    );
  }

  /** Sends what was kept back, in the order in which it came. */
  release(): void {
    const kept = this.#kept;
    this.#kept = [];
    this.#withheld = 'none';
    this.#connection?.send(...kept);
  }

  async disconnect(reasonCode: 0 | 4, sessionExpiry: number | undefined): Promise<void> {
    const properties = {
      ...(sessionExpiry !== undefined && { sessionExpiryInterval: sessionExpiry }),
    };
    await this.#connection?.cut({ type: PacketType.disconnect, reasonCode, properties });
  }

  async cut(): Promise<void> {
    await this.#connection?.cut();
  }

  #packet({ topic, payload, qos, retain, properties, alias }: ScriptMessage): PublishPacket {
    const isAliased = alias !== undefined && this.#connection?.version === 5;
    const isKnown = isAliased && this.#ownAliases.get(alias) === topic;
    if (isAliased) this.#ownAliases.set(alias, topic);
    return {
      type: PacketType.publish,
      qos,
      retain,
      dup: false,
      topic: isKnown ? '' : topic,
      packetId: qos === 0 ? 0 : this.#nextPacketId(),
      properties: { ...packetProperties(properties), ...(isAliased && { topicAlias: alias }) },
      payload: Buffer.from(payload),
    };
  }

  #nextPacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % 0xffff) + 1;
    return this.#lastPacketId;
  }

  #read(packet: Packet, from: ScriptConnection): void {
    switch (packet.type) {
      case PacketType.connack:
        this.#connected(packet);
        return;
      case PacketType.publish:
        this.#deliver(packet, from);
        return;
      case PacketType.pubrel:
        this.#released.push(this.#seen.get(packet.packetId) ?? 'a message that never came');
        this.#acknowledge(PacketType.pubcomp, packet.packetId, from);
        return;
      case PacketType.pubrec:
        this.#note(packet.type, packet.reasonCode);
        this.#onPubrec?.();
        if (packet.reasonCode < 0x80 && !this.#held.has(packet.packetId)) {
          from.send({ type: PacketType.pubrel, packetId: packet.packetId, ...success });
        }
        return;
      case PacketType.puback:
      case PacketType.pubcomp:
        this.#note(packet.type, packet.reasonCode);
        return;
      case PacketType.suback:
      case PacketType.unsuback:
        this.#note(packet.type, ...packet.reasonCodes);
        return;
      case PacketType.disconnect:
        this.#closed = `DISCONNECT ${hex(packet.reasonCode)}`;
        return;
      default:
        this.#note(packet.type);
    }
  }

  #connected({ type, reasonCode, sessionPresent }: ConnackPacket): void {
    if (!sessionPresent) this.#seen.clear();
    this.#note(type, reasonCode);
    this.#answers.push(sessionPresent ? 'session present' : 'no session');
    this.#onConnack?.();
  }

  #deliver(packet: PublishPacket, from: ScriptConnection): void {
    const { packetId, qos, dup, properties } = packet;
    const { topicAlias } = properties;
    if (topicAlias !== undefined && packet.topic !== '') {
      this.#heardAliases.set(topicAlias, packet.topic);
    }
    const topic = packet.topic || (this.#heardAliases.get(topicAlias ?? 0) ?? 'an unknown alias');
    const delivery = readDelivery(packet, topic);
    const before = this.#seen.get(packetId);
    const isResend = dup && before !== undefined;
    const hasSamePacketId = before === delivery.payload;
    this.#deliveries.push({ ...delivery, ...(isResend && { hasSamePacketId }) });
    if (qos === 0) return;
    this.#seen.set(packetId, delivery.payload);
    this.#acknowledge(qos === 1 ? PacketType.puback : PacketType.pubrec, packetId, from);
  }

  #acknowledge(
    type: AcknowledgementPacket['type'],
    packetId: number,
    from: ScriptConnection,
  ): void {
    const packet = { type, packetId, ...success };
    const isLast = type !== PacketType.pubrec;
    const isFirst = type !== PacketType.pubcomp;
    if ((this.#withheld === 'first' && isFirst) || (this.#withheld === 'last' && isLast)) {
      this.#kept.push(packet);
    } else {
      from.send(packet);
    }
  }

  #note(type: PacketType, ...codes: readonly number[]): void {
    this.#answers.push(`${packetTypeName(type)} ${codes.map(hex).join(' ')}`.trim());
  }
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}
