import {
  type IncomingPublish,
  noProperties,
  type ProtocolVersion,
  type PublishProperties,
  type Qos,
  type TopicName,
} from '@sluice/packet';
import type { Durability, Message } from '@sluice/plugin';
import { weightOf } from '../base/message-bytes.ts';
import { asBuffer, ownBytes } from '../base/own-bytes.ts';
import type { Batch } from '../commits/batch.ts';
import type { Numbers } from '../context/context.ts';
import { Encoded, encodeArrived, encodePublish } from './encoded.ts';
import { isSameForm, type OwnForm, propertiesOf } from './own-form.ts';

/** The `store` operation of a message, shared by every session that queues it in the same batch. */
export interface StoredBody {
  readonly batch: Batch;
  readonly place: number;
  references: number;
}

const anyPacketId = 1;
const noSource = -1;

/** The forms of one message that differ on the wire: version 3.x or 5.0, QoS, RETAIN. */
function variant(version: ProtocolVersion, qos: Qos, retain: boolean): number {
  return (version === 5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0);
}

/**
 * A message on its way through the broker. It is encoded once for each variant that its receivers
 * need; the variant it came in is not encoded at all, the incoming bytes are forwarded.
 */
export class RoutedMessage implements Message {
  readonly number: number;
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: PublishProperties;
  readonly publisherId: string;
  readonly receivedAt: number;
  readonly expiresAt: number;
  readonly durability: Durability;
  /** QoS 2, and published again after a crash unless its commit comes first: it is to arrive once. */
  mayRepeat = false;
  /** The name that its topic came with; undefined where none did. */
  name: TopicName | undefined;
  /** Its body in the batch that queues it, while there is one. */
  body: StoredBody | undefined;
  /** The last copy with an earlier end, which queues share. */
  #shorter: RoutedMessage | undefined;
  #payload: Uint8Array | undefined;
  #isPassing = false;
  /** Its payload is a view of memory that may be much larger. */
  #isBorrowed = false;
  /** The packet as it came, where it can be forwarded as it is. */
  #source: Encoded | undefined;
  #sourceVariant: number = noSource;
  #incoming: IncomingPublish | undefined;
  #variant: number = noSource;
  #encoded: Encoded | undefined;
  #others: (Encoded | undefined)[] | undefined;
  /** The last one that not all receivers get. */
  #ownForm: OwnForm | undefined;
  #ownEncoded: Encoded | undefined;

  constructor(fields: Omit<Message, 'payload'>, payload: Uint8Array | undefined) {
    this.number = fields.number;
    this.topic = fields.topic;
    this.qos = fields.qos;
    this.retain = fields.retain;
    this.properties = fields.properties;
    this.publisherId = fields.publisherId;
    this.receivedAt = fields.receivedAt;
    this.expiresAt = fields.expiresAt;
    this.durability = fields.durability ?? 'fsync';
    this.#payload = payload === undefined ? undefined : asBuffer(payload);
  }

  /** A message out of a hook, the store or the application. Its payload must not change any more. */
  static of(message: Message): RoutedMessage {
    return message instanceof RoutedMessage ? message : new RoutedMessage(message, message.payload);
  }

  /** As `of`, what a hook made of a message that came in: its payload lies in the chunk still. */
  static changed(message: Message): RoutedMessage {
    if (message instanceof RoutedMessage) return message;
    const changed = new RoutedMessage(message, message.payload);
    changed.#isBorrowed = true;
    return changed;
  }

  /** As `of`, a message that leaves in this turn and is kept by nobody: encoded behind the one before it. */
  static passing(message: Message): RoutedMessage {
    if (message instanceof RoutedMessage) return message;
    const passing = new RoutedMessage(message, message.payload);
    passing.#isPassing = true;
    return passing;
  }

  /** A message out of a PUBLISH, which it forwards as it came where the receiver's variant allows. */
  static ofPacket(
    fields: Omit<Message, 'payload'>,
    name: TopicName,
    packet: IncomingPublish,
    version: ProtocolVersion,
  ): RoutedMessage {
    const message = new RoutedMessage(fields, undefined);
    message.name = name;
    message.#incoming = packet;
    if (!packet.dup && packet.properties.topicAlias === undefined) {
      message.#sourceVariant = variant(version, packet.qos, packet.retain);
    }
    return message;
  }

  /** The same message in another place of the broker's order. */
  renumbered(number: number): RoutedMessage {
    return this.#copy({ number });
  }

  /** The same message with an earlier end, which receivers are told as its Message Expiry Interval. */
  expiringAt(expiresAt: number): RoutedMessage {
    // The clock on the wall may have been set back since it came.
    const lasts = Math.max(0, Math.ceil((expiresAt - this.receivedAt) / 1_000));
    // At most what four bytes can carry: longer than that nobody waits.
    const seconds = Math.min(lasts, 0xffff_ffff);
    const properties = { ...this.properties, messageExpiryInterval: seconds };
    return this.own().#copy({ properties, expiresAt });
  }

  /** `expiringAt` as a message of its own, in queues where it may not stay as long as in others. */
  waitingUntil(expiresAt: number, numbers: Numbers): RoutedMessage {
    if (this.#shorter?.expiresAt !== expiresAt) {
      this.#shorter = this.expiringAt(expiresAt).renumbered(numbers.message());
    }
    return this.#shorter;
  }

  /** The same message with the QoS and RETAIN of one delivery. */
  delivered(qos: Qos, retain: boolean): RoutedMessage {
    if (this.qos === qos && this.retain === retain) return this;
    return this.#copy({ qos, retain });
  }

  get payload(): Uint8Array {
    this.#payload ??= (this.#incoming as IncomingPublish).payload;
    return this.#payload;
  }

  /** Bytes that the message weighs in a queue: topic, payload and properties. */
  get bytes(): number {
    const incoming = this.#incoming;
    // Without making a view of the payload, which most messages never need.
    const payload =
      incoming === undefined
        ? (this.#payload as Uint8Array).length
        : incoming.end - incoming.payloadStart;
    const { properties } = this;
    const bytes = this.topic.length + payload;
    return properties === noProperties ? bytes : bytes + weightOf(properties);
  }

  /** The packet for a receiver without anything of its own but the packet id. */
  encoded(version: ProtocolVersion, qos: Qos, retain: boolean): Encoded {
    const wanted = variant(version, qos, retain);
    if (this.#variant === wanted) return this.#encoded as Encoded;
    return this.#encodedOther(wanted, version, qos, retain);
  }

  /** The packet as not all receivers get it: encoded once for those of a form that follow each other. */
  encodedAs(form: OwnForm): Encoded {
    if (this.#ownForm === undefined || !isSameForm(form, this.#ownForm)) {
      const { topic, qos, retain, dup } = form;
      const properties = propertiesOf(this.properties, form);
      this.#ownEncoded = this.encodedFor(5, topic, qos, retain, dup, properties);
      this.#ownForm = form;
    }
    return this.#ownEncoded as Encoded;
  }

  /** The packet with all that can differ. */
  encodedFor(
    version: ProtocolVersion,
    topic: string,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    properties: PublishProperties,
  ): Encoded {
    const packetId = qos === 0 ? 0 : anyPacketId;
    const fields = { topic, qos, retain, dup, packetId, properties };
    const incoming = this.#incoming;
    if (incoming === undefined) {
      const { payload } = this;
      return this.#isPassing
        ? encodeArrived(fields, payload, 0, payload.length, version)
        : encodePublish(fields, payload, version);
    }
    const { bytes, payloadStart, end } = incoming;
    return encodeArrived(fields, bytes, payloadStart, end, version);
  }

  /**
   * Copies what lies in a chunk that does not belong to the message, so that it may outlive the turn:
   * ten bytes in a queue must not pin the 64 KB that they came in.
   */
  own(): this {
    const incoming = this.#incoming;
    if (incoming === undefined && !this.#isBorrowed) return this;
    this.#encoded = undefined;
    this.#others = undefined;
    this.#ownForm = undefined;
    this.#ownEncoded = undefined;
    this.#variant = noSource;
    this.#isBorrowed = false;
    if (incoming === undefined) {
      this.#payload = ownBytes(this.payload);
      return this;
    }
    const { bytes, start, payloadStart, end } = incoming;
    const copy = ownBytes(bytes, start, end);
    this.#payload = copy.subarray(payloadStart - start);
    this.#incoming = undefined;
    if (this.#sourceVariant !== noSource) {
      this.#source = new Encoded(copy, 0, copy.length, this.qos === 0 ? 0 : packetIdAt(copy, 0));
    }
    return this;
  }

  #copy(changes: Partial<Omit<Message, 'payload'>>): RoutedMessage {
    const { number, topic, qos, retain, properties } = this;
    const { publisherId, receivedAt, expiresAt, durability } = this;
    const fields = { number, topic, qos, retain, properties };
    const copy = new RoutedMessage(
      { ...fields, publisherId, receivedAt, expiresAt, durability, ...changes },
      this.payload,
    );
    copy.mayRepeat = this.mayRepeat;
    copy.#isBorrowed = this.#isBorrowed || this.#incoming !== undefined;
    return copy;
  }

  #encodedOther(wanted: number, version: ProtocolVersion, qos: Qos, retain: boolean): Encoded {
    if (this.#encoded !== undefined) {
      this.#others ??= [];
      this.#others[this.#variant] = this.#encoded;
    }
    let encoded = this.#others?.[wanted];
    if (encoded === undefined) {
      encoded =
        wanted === this.#sourceVariant
          ? this.#forwarded()
          : this.encodedFor(version, this.topic, qos, retain, false, this.properties);
    }
    this.#variant = wanted;
    this.#encoded = encoded;
    return encoded;
  }

  #forwarded(): Encoded {
    if (this.#source !== undefined) return this.#source;
    const { bytes, start, end } = this.#incoming as IncomingPublish;
    return new Encoded(bytes, start, end, this.qos === 0 ? 0 : packetIdAt(bytes, start));
  }
}

/** Offset of the packet id of a PUBLISH: behind the remaining length and the topic name. */
function packetIdAt(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while ((bytes[at] as number) & 0x80) at++;
  const topicBytes = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  return at + 3 + topicBytes;
}
