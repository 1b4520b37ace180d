import type { PublishProperties, Qos } from '@sluice/packet';
import type { Message } from '@sluice/plugin';
import { propertiesBytes } from '../base/message-bytes.ts';

// A Uint8Array is an object of some 100 bytes, twice that with memory of its own; a string of one byte for each
// character has a head of 16. Above this, the copy that every read makes costs more than it saves.
const maxPackedBytes = 512;

const retainFlag = 4;

/** A retained message as it is kept: a million of them fit where Message objects would take twice the memory. */
export class RetainedEntry {
  readonly topic: string;
  /** 0 once it was deleted or replaced: a cursor may still come by. */
  number: number;
  readonly #payload: string | Uint8Array;
  /** QoS and RETAIN. */
  readonly #flags: number;
  readonly #properties: PublishProperties;
  readonly #publisherId: string;
  readonly #receivedAt: number;
  /** Undefined for never: Infinity would be a number on the heap, for each of them. */
  readonly #expiresAt: number | undefined;

  constructor(message: Message) {
    this.topic = message.topic;
    this.number = message.number;
    this.#payload = pack(message.payload);
    this.#flags = message.qos | (message.retain ? retainFlag : 0);
    this.#properties = message.properties;
    this.#publisherId = message.publisherId;
    this.#receivedAt = message.receivedAt;
    this.#expiresAt = message.expiresAt === Infinity ? undefined : message.expiresAt;
  }

  /** What it counts for: the same as `messageBytes` of its message. */
  get bytes(): number {
    return this.topic.length + this.#payload.length + propertiesBytes(this.#properties);
  }

  toMessage(): Message {
    return {
      number: this.number,
      topic: this.topic,
      payload: unpack(this.#payload),
      qos: (this.#flags & 3) as Qos,
      retain: (this.#flags & retainFlag) !== 0,
      properties: this.#properties,
      publisherId: this.#publisherId,
      receivedAt: this.#receivedAt,
      expiresAt: this.#expiresAt ?? Infinity,
    };
  }
}

function pack(payload: Uint8Array): string | Uint8Array {
  if (payload.length <= maxPackedBytes) {
    return String.fromCharCode.apply(null, payload as unknown as number[]);
  }
  // A part of a larger buffer, such as the chunk it came in, would keep all of that alive.
  return payload.length === payload.buffer.byteLength ? payload : new Uint8Array(payload);
}

function unpack(payload: string | Uint8Array): Uint8Array {
  if (typeof payload !== 'string') return payload;
  const bytes = new Uint8Array(payload.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = payload.charCodeAt(index);
  return bytes;
}
