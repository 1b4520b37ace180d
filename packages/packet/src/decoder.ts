import { Buffer } from 'node:buffer';
import { decodeAcknowledgement } from './decode-acknowledgement.ts';
import { decodeConnack } from './decode-connack.ts';
import { decodeConnect, decodeProtocolVersion } from './decode-connect.ts';
import { decodeAuth, decodeDisconnect } from './decode-disconnect.ts';
import { PublishDecoder } from './decode-publish.ts';
import { decodeSuback, decodeUnsuback } from './decode-suback.ts';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscribe.ts';
import type { DecoderBounds, DecoderRules } from './decoder-rules.ts';
import { malformed, ProtocolError } from './errors.ts';
import { checkFirstByte, type FirstByteRules, firstByteRules } from './first-byte.ts';
import { PacketReader } from './packet-reader.ts';
import { type Packet, PacketType, type ProtocolVersion } from './packets.ts';
import { PropertySet } from './properties.ts';
import { ReasonCode } from './reason-code.ts';
import { TopicCache } from './topic-cache.ts';

export interface DecoderOptions extends DecoderBounds {
  /** Which side is reading. */
  readonly role: 'server' | 'client';
  /** Whole packet, fixed header included. */
  readonly maxPacketBytes: number;
  /** Needed by a client. A server learns it from CONNECT; if it is given, CONNECT counts as seen. */
  readonly protocolVersion?: ProtocolVersion;
  /**
   * Admits U+0001..U+001F, U+007F..U+009F and non-characters in client ids, user names, topic names
   * and topic filters. Default false.
   */
  readonly allowControlCharacters?: boolean;
  /** Topic names known to several decoders. */
  readonly topicCache?: TopicCache;
}

const nothing = Buffer.alloc(0);
const smallestHold = 64;
// A view costs as much as it saves in about five packets: nothing for a chunk with a single one.
const smallestView = 1_024;
const pingreq = Object.freeze({ type: PacketType.pingreq });
const pingresp = Object.freeze({ type: PacketType.pingresp });

/**
 * Packets out of the bytes of one connection, pulled one at a time. Packets are decoded where they
 * lie in the chunk; only one that is split over chunks is gathered in a buffer, which then is its own.
 * Every violation is thrown as a `ProtocolError`, and ends the decoder.
 */
export class Decoder {
  /** May be changed at any time; an unfinished packet is measured by the newest value. */
  maxPacketBytes: number;
  readonly #rules: DecoderRules;
  readonly #publishDecoder: PublishDecoder;
  #version: ProtocolVersion | 0;
  #firstByteRules: FirstByteRules;
  #failure: unknown;

  //            at
  //   chunk    | packet | packet | begin of a pack|      <- copied to `held`
  //   held     |begin of a pack|et.......|               <- with what the next chunks bring
  //                            heldBytes
  #chunk: Buffer = nothing;
  #view: DataView | undefined;
  #at = 0;
  #held: Buffer = nothing;
  #heldBytes = 0;

  constructor(options: DecoderOptions) {
    const { role, protocolVersion = 0, allowControlCharacters = false } = options;
    const { maxFilters = Infinity, maxUserProperties = Infinity } = options;
    if (role === 'client' && protocolVersion === 0) {
      throw new TypeError('a client decoder needs a protocolVersion');
    }
    this.maxPacketBytes = options.maxPacketBytes;
    this.#rules = { role, allowControlCharacters, maxFilters, maxUserProperties };
    const set = role === 'server' ? PropertySet.publishFromClient : PropertySet.publishFromServer;
    const topicCache = options.topicCache ?? new TopicCache();
    this.#publishDecoder = new PublishDecoder(set, this.#rules, topicCache);
    this.#version = protocolVersion;
    this.#firstByteRules = firstByteRules(role, protocolVersion);
  }

  /** 0 until the CONNECT has named it. It stays set when the rest of the CONNECT is in error. */
  get protocolVersion(): ProtocolVersion | 0 {
    return this.#version;
  }

  set protocolVersion(version: ProtocolVersion | 0) {
    this.#version = version;
    this.#firstByteRules = firstByteRules(this.#rules.role, version);
  }

  /** Bytes held of an unfinished packet. */
  get bufferedBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Hands over a chunk. The one before must be used up: `next()` has returned undefined. Packets with
   * a payload are views of it, so it must not be written to while they are in use.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    if (this.#at < this.#chunk.length) throw new Error('the chunk before is not used up');
    this.#chunk = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
    this.#view =
      chunk.length < smallestView
        ? undefined
        : new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  }

  /**
   * The next packet, or undefined when it needs bytes of another chunk. Throws a `ProtocolError` on
   * a violation, and the same one at every later call.
   */
  next(): Packet | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#heldBytes === 0 ? this.#nextInChunk() : this.#nextHeld();
    } catch (error) {
      this.#failure = error;
      this.#dropChunk();
      this.#held = nothing;
      this.#heldBytes = 0;
      throw error;
    }
  }

  #nextInChunk(): Packet | undefined {
    const chunk = this.#chunk;
    const start = this.#at;
    const size = this.#packetSize(chunk, start, chunk.length);
    const end = start + size;
    if (size === 0 || end > chunk.length) {
      this.#hold(chunk.length - start, size);
      this.#dropChunk();
      return undefined;
    }
    this.#at = end;
    return this.#decode(chunk, this.#view, start, end);
  }

  /** Takes from the chunk what the held packet lacks: first its header, then the rest. */
  #nextHeld(): Packet | undefined {
    let size = this.#packetSize(this.#held, 0, this.#heldBytes);
    while (size === 0) {
      if (this.#at === this.#chunk.length) return this.#dropChunk();
      this.#hold(1, 0);
      size = this.#packetSize(this.#held, 0, this.#heldBytes);
    }
    this.#hold(Math.min(size - this.#heldBytes, this.#chunk.length - this.#at), size);
    if (this.#heldBytes < size) return this.#dropChunk();
    const packet = this.#held;
    this.#held = nothing;
    this.#heldBytes = 0;
    return this.#decode(packet, undefined, 0, size);
  }

  /** An idle connection must not keep a chunk from the garbage collector. */
  #dropChunk(): undefined {
    this.#chunk = nothing;
    this.#view = undefined;
    this.#at = 0;
  }

  /** Moves bytes of the chunk to `held`, which grows with what arrived, not with what was announced. */
  #hold(count: number, packetSize: number): void {
    if (count === 0) return;
    const bytes = this.#heldBytes + count;
    if (bytes > this.#held.length) {
      const roomy = Math.max(bytes * 2, smallestHold);
      const grown = Buffer.allocUnsafeSlow(packetSize === 0 ? roomy : Math.min(roomy, packetSize));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    this.#chunk.copy(this.#held, this.#heldBytes, this.#at, this.#at + count);
    this.#at += count;
    this.#heldBytes = bytes;
  }

  /** The size that the fixed header at `start` announces, itself included; 0 if it goes on behind `end`. */
  #packetSize(bytes: Buffer, start: number, end: number): number {
    if (start === end) return 0;
    checkFirstByte(this.#firstByteRules, bytes[start] as number);
    let length = 0;
    for (let index = 1; index <= 4; index++) {
      if (start + index === end) return 0;
      const byte = bytes[start + index] as number;
      length |= (byte & 0x7f) << (7 * (index - 1));
      if (byte < 0x80) {
        // [MQTT-1.5.5-1]; 3.x is silent on it, and nobody but an attacker sends it.
        if (byte === 0 && index > 1) throw malformed('the Remaining Length is not minimal');
        const size = 1 + index + length;
        if (size <= this.maxPacketBytes) return size;
        throw new ProtocolError(ReasonCode.packetTooLarge, `a packet of ${size} bytes`);
      }
    }
    throw malformed('the Remaining Length has more than four bytes');
  }

  #decode(bytes: Buffer, view: DataView | undefined, start: number, end: number): Packet {
    let body = start + 2;
    while ((bytes[body - 1] as number) >= 0x80) body++;
    const type = (bytes[start] as number) >> 4;
    const version = this.#version;
    if (version === 0) return this.#decodeConnect(bytes, start, body, end);
    switch (type) {
      case PacketType.publish:
        return this.#publishDecoder.decode(bytes, view, start, body, end, version);
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubrel:
      case PacketType.pubcomp:
        return decodeAcknowledgement(type, bytes, body, end, version, this.#rules);
      case PacketType.pingreq:
      case PacketType.pingresp:
        if (body < end) throw malformed('a ping with a body');
        return type === PacketType.pingreq ? pingreq : pingresp;
      default:
        return this.#decodeOther(type, this.#reader(bytes, body, end), version);
    }
  }

  #decodeOther(type: number, reader: PacketReader, version: ProtocolVersion): Packet {
    switch (type) {
      case PacketType.connack:
        return decodeConnack(reader, version);
      case PacketType.subscribe:
        return decodeSubscribe(reader, version);
      case PacketType.suback:
        return decodeSuback(reader, version);
      case PacketType.unsubscribe:
        return decodeUnsubscribe(reader, version);
      case PacketType.unsuback:
        return decodeUnsuback(reader, version);
      case PacketType.disconnect:
        return decodeDisconnect(reader, version, this.#rules.role);
      default:
        return decodeAuth(reader, this.#rules.role);
    }
  }

  #decodeConnect(bytes: Buffer, start: number, body: number, end: number): Packet {
    const reader = this.#reader(bytes, body, end);
    const version = decodeProtocolVersion(reader);
    const flags = (bytes[start] as number) & 0x0f;
    // [MQTT-2.1.3-1]; 3.1 does not use them.
    if (flags !== 0 && version !== 3) throw malformed('CONNECT has wrong flags');
    this.protocolVersion = version;
    return decodeConnect(reader, version);
  }

  #reader(bytes: Buffer, at: number, end: number): PacketReader {
    return new PacketReader(bytes, at, end, this.#rules);
  }
}
