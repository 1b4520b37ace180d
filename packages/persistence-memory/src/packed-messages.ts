import { type PublishProperties, propertiesBytes, type Qos } from '@sluice/packet';
import type { Message } from '@sluice/plugin';
import { Slabs } from './slabs.ts';

// Above these a message stays an object: reads would copy more than packing saves.
const maxPackedPayload = 256;
const maxPackedCharacters = 300;
const maxPublisherCharacters = 255;
/** How much larger than a payload the memory may be that it is a view of. */
const maxPinnedBytes = 256;

/*
 * A record, in a slot of the slabs:
 *
 *     | 0 count | 4 flags | 5 publisher | 6 topic | 8 payload | 10 number | 16 receivedAt | 22 ...
 *                             (their lengths)
 *     | 22 expiresAt, if ever | publisher | topic | payload |
 */
const flagsAt = 4;
const publisherLengthAt = 5;
const topicLengthAt = 6;
const payloadLengthAt = 8;
const numberAt = 10;
const receivedAtAt = 16;
const headBytes = 22;
/** Of a number, and of a time that is one. */
const integerBytes = 6;
const integerEnd = 2 ** 48;
const expiryBytes = 8;

const qosMask = 3;
const retainFlag = 4;
/** Characters take two bytes each. */
const wideFlag = 8;
const expiresFlag = 16;
const propertiesFlag = 32;
/** The message is an object, beside a record of which only this byte and the count are used. */
const objectFlag = 64;
const objectBytes = 8;
// Beside topic, payload and properties, and of the few small properties that most have.
const bytesOfObject = 256;
const bytesOfProperties = 256;

const noProperties: PublishProperties = Object.freeze({});
const slash = '/'.charCodeAt(0);

/** Messages as bytes, each under a handle: as objects small ones would take five times the memory. */
export class PackedMessages {
  readonly #slabs = new Slabs();
  readonly #properties = new Map<number, PublishProperties>();
  readonly #objects = new Map<number, Message>();

  #objectBytes = 0;

  /** Memory that they take, about. */
  get bytes(): number {
    return this.#slabs.bytes + this.#objectBytes + this.#properties.size * bytesOfProperties;
  }

  /** Keeps a message, with a count of 0. Nothing of a chunk that it may have come in is kept. */
  add(message: Message): number {
    const { topic, publisherId, payload } = message;
    const isSmall =
      isPackable(message.number) &&
      isPackable(message.receivedAt) &&
      payload.length <= maxPackedPayload &&
      publisherId.length <= maxPublisherCharacters &&
      topic.length + publisherId.length <= maxPackedCharacters &&
      propertiesBytes(message.properties) <= bytesOfProperties;
    return isSmall ? this.#pack(message) : this.#keep(message);
  }

  /** The message, as an object that is made anew where it was packed. */
  get(handle: number): Message {
    const page = this.#slabs.page(handle);
    const start = this.#slabs.start(handle);
    const flags = page[start + flagsAt] as number;
    if ((flags & objectFlag) !== 0) return this.#objects.get(handle) as Message;
    const topicAt = topicStart(page, start, flags);
    const payloadAt = topicAt + page.readUInt16LE(start + topicLengthAt) * width(flags);
    const payloadEnd = payloadAt + page.readUInt16LE(start + payloadLengthAt);
    const publisherAt = topicAt - (page[start + publisherLengthAt] as number) * width(flags);
    return {
      number: page.readUIntLE(start + numberAt, integerBytes),
      topic: page.toString(encoding(flags), topicAt, payloadAt),
      payload: copyOf(page.subarray(payloadAt, payloadEnd)),
      qos: (flags & qosMask) as Qos,
      retain: (flags & retainFlag) !== 0,
      properties:
        (flags & propertiesFlag) === 0
          ? noProperties
          : (this.#properties.get(handle) as PublishProperties),
      publisherId: page.toString(encoding(flags), publisherAt, topicAt),
      receivedAt: page.readUIntLE(start + receivedAtAt, integerBytes),
      expiresAt: (flags & expiresFlag) === 0 ? Infinity : page.readDoubleLE(start + headBytes),
    };
  }

  number(handle: number): number {
    const object = this.#objectAt(handle);
    if (object !== undefined) return object.number;
    const at = this.#slabs.start(handle) + numberAt;
    return this.#slabs.page(handle).readUIntLE(at, integerBytes);
  }

  topic(handle: number): string {
    const object = this.#objectAt(handle);
    if (object !== undefined) return object.topic;
    const page = this.#slabs.page(handle);
    const start = this.#slabs.start(handle);
    const flags = page[start + flagsAt] as number;
    const topicAt = topicStart(page, start, flags);
    const end = topicAt + page.readUInt16LE(start + topicLengthAt) * width(flags);
    return page.toString(encoding(flags), topicAt, end);
  }

  /** Whether that is its topic. */
  hasTopic(handle: number, topic: string): boolean {
    return this.#topicLength(handle) === topic.length && this.topicHas(handle, topic, 0);
  }

  /** Whether the topic has `text` at a place, and there ends or has a slash: in whole, or as one of its levels. */
  topicHas(handle: number, text: string, at: number): boolean {
    const object = this.#objectAt(handle);
    if (object !== undefined) return hasPart(object.topic, text, at);
    const page = this.#slabs.page(handle);
    const start = this.#slabs.start(handle);
    const flags = page[start + flagsAt] as number;
    const length = page.readUInt16LE(start + topicLengthAt);
    const end = at + text.length;
    if (end > length) return false;
    const topicAt = topicStart(page, start, flags);
    const isWide = (flags & wideFlag) !== 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      const place = at + index;
      if (code !== (isWide ? page.readUInt16LE(topicAt + place * 2) : page[topicAt + place]))
        return false;
    }
    if (end === length) return true;
    return slash === (isWide ? page.readUInt16LE(topicAt + end * 2) : page[topicAt + end]);
  }

  /** A number from 0 on that the owner of the message may use. */
  count(handle: number): number {
    return this.#slabs.page(handle).readUInt32LE(this.#slabs.start(handle));
  }

  setCount(handle: number, count: number): void {
    this.#slabs.page(handle).writeUInt32LE(count, this.#slabs.start(handle));
  }

  delete(handle: number): void {
    this.#properties.delete(handle);
    const object = this.#objectAt(handle);
    if (object !== undefined) {
      this.#objects.delete(handle);
      this.#objectBytes -= bytesOf(object);
    }
    this.#slabs.free(handle);
  }

  #pack(message: Message): number {
    const { topic, publisherId, payload, properties, expiresAt } = message;
    const isWide = hasWide(topic) || hasWide(publisherId);
    const hasProperties = isAny(properties);
    const flags =
      message.qos |
      (message.retain ? retainFlag : 0) |
      (isWide ? wideFlag : 0) |
      (expiresAt === Infinity ? 0 : expiresFlag) |
      (hasProperties ? propertiesFlag : 0);
    const characters = publisherId.length + topic.length;
    const textAt = headBytes + (expiresAt === Infinity ? 0 : expiryBytes);
    const handle = this.#slabs.allocate(textAt + characters * width(flags) + payload.length);
    const page = this.#slabs.page(handle);
    const start = this.#slabs.start(handle);
    page.writeUInt32LE(0, start);
    page[start + flagsAt] = flags;
    page[start + publisherLengthAt] = publisherId.length;
    page.writeUInt16LE(topic.length, start + topicLengthAt);
    page.writeUInt16LE(payload.length, start + payloadLengthAt);
    page.writeUIntLE(message.number, start + numberAt, integerBytes);
    page.writeUIntLE(message.receivedAt, start + receivedAtAt, integerBytes);
    if (expiresAt !== Infinity) page.writeDoubleLE(expiresAt, start + headBytes);
    let at = start + textAt;
    at += page.write(publisherId, at, encoding(flags));
    at += page.write(topic, at, encoding(flags));
    page.set(payload, at);
    if (hasProperties) this.#properties.set(handle, properties);
    return handle;
  }

  #keep(message: Message): number {
    const { number, topic, payload, qos, retain, properties } = message;
    const { publisherId, receivedAt, expiresAt } = message;
    const handle = this.#slabs.allocate(objectBytes);
    const start = this.#slabs.start(handle);
    this.#slabs.page(handle).writeUInt32LE(0, start);
    this.#slabs.page(handle)[start + flagsAt] = objectFlag;
    const fields = { number, topic, payload: ownPayload(payload), qos, retain, properties };
    const object = { ...fields, publisherId, receivedAt, expiresAt };
    this.#objects.set(handle, object);
    this.#objectBytes += bytesOf(object);
    return handle;
  }

  #topicLength(handle: number): number {
    const object = this.#objectAt(handle);
    if (object !== undefined) return object.topic.length;
    return this.#slabs.page(handle).readUInt16LE(this.#slabs.start(handle) + topicLengthAt);
  }

  #objectAt(handle: number): Message | undefined {
    return this.#objects.size === 0 ? undefined : this.#objects.get(handle);
  }
}

function bytesOf({ topic, payload, properties }: Message): number {
  return bytesOfObject + topic.length + payload.length + propertiesBytes(properties);
}

function isPackable(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < integerEnd;
}

function hasWide(characters: string): boolean {
  for (let index = 0; index < characters.length; index++) {
    if (characters.charCodeAt(index) > 0xff) return true;
  }
  return false;
}

function width(flags: number): 1 | 2 {
  return (flags & wideFlag) === 0 ? 1 : 2;
}

function encoding(flags: number): 'latin1' | 'utf16le' {
  return (flags & wideFlag) === 0 ? 'latin1' : 'utf16le';
}

function topicStart(page: Buffer, start: number, flags: number): number {
  const textAt = start + headBytes + ((flags & expiresFlag) === 0 ? 0 : expiryBytes);
  return textAt + (page[start + publisherLengthAt] as number) * width(flags);
}

/** Memory of its own: a view of a page would be written over. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** The payload itself, so that all who keep the message share it, unless it would keep much more alive. */
function ownPayload(payload: Uint8Array): Uint8Array {
  return payload.buffer.byteLength - payload.length <= maxPinnedBytes ? payload : copyOf(payload);
}

function isAny(properties: PublishProperties): boolean {
  for (const _ in properties) return true;
  return false;
}

function hasPart(topic: string, text: string, at: number): boolean {
  const end = at + text.length;
  return topic.startsWith(text, at) && (end === topic.length || topic[end] === '/');
}
