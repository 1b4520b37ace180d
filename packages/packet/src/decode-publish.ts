import type { Buffer } from 'node:buffer';
import { decodeProperties } from './decode-properties.ts';
import type { DecoderRules } from './decoder-rules.ts';
import { malformed, protocolError } from './errors.ts';
import { IncomingPublish } from './incoming-publish.ts';
import { LastProperties } from './last-properties.ts';
import { PacketReader } from './packet-reader.ts';
import { noProperties, type ProtocolVersion, type PublishProperties } from './packets.ts';
import type { PropertySet } from './properties.ts';
import { decodeText, hasControlCharacter } from './text.ts';
import { maxCachedTopicBytes, type TopicCache } from './topic-cache.ts';
import { TopicName } from './topic-name.ts';
import { hasWildcard } from './topics.ts';

const noName = new TopicName('', 0);

/** Decodes the PUBLISH packets of one connection and remembers its last topic and properties. */
export class PublishDecoder {
  readonly #set: PropertySet;
  readonly #rules: DecoderRules;
  readonly #cache: TopicCache;
  #last: TopicName = noName;
  #lastProperties: LastProperties<PublishProperties> | undefined;
  /** Of the property block that was read last. */
  #blockBytes = 0;

  constructor(set: PropertySet, rules: DecoderRules, cache: TopicCache) {
    this.#set = set;
    this.#rules = rules;
    this.#cache = cache;
  }

  /**
   * Decodes the packet `bytes[start, end)`, whose variable header begins at `at`. `view` shows the
   * same memory as `bytes`; without it topics are compared byte by byte.
   */
  decode(
    bytes: Buffer,
    view: DataView | undefined,
    start: number,
    at: number,
    end: number,
    version: ProtocolVersion,
  ): IncomingPublish {
    const firstByte = bytes[start] as number;
    if (end - at < 2) throw malformed('a PUBLISH without a topic');
    const topicStart = at + 2;
    const topicEnd = topicStart + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
    if (topicEnd > end) throw malformed('a topic ends beyond the packet');
    const name = topicStart === topicEnd ? noName : this.#name(bytes, view, topicStart, topicEnd);
    let payloadStart = topicEnd;
    let packetId = 0;
    if ((firstByte & 0b0110) !== 0) {
      if (end - payloadStart < 2) throw malformed('a PUBLISH without its packet identifier');
      packetId = ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number);
      if (packetId === 0) throw protocolError('packet identifier 0'); // [MQTT-2.2.1-3]
      payloadStart += 2;
    }
    let properties: PublishProperties = noProperties;
    if (version === 5) {
      if (payloadStart < end && bytes[payloadStart] === 0) {
        payloadStart++;
      } else {
        properties = this.#properties(bytes, payloadStart, end);
        payloadStart += this.#blockBytes;
      }
      if (name === noName && properties.topicAlias === undefined) {
        throw protocolError('a PUBLISH with neither a topic nor a topic alias');
      }
    } else if (name === noName) {
      throw malformed('a PUBLISH with an empty topic');
    }
    return new IncomingPublish(
      firstByte,
      name,
      packetId,
      properties,
      bytes,
      start,
      payloadStart,
      end,
    );
  }

  #properties(bytes: Buffer, start: number, end: number): PublishProperties {
    const known = this.#lastProperties?.find(bytes, start, end);
    if (known !== undefined) return known;
    const reader = new PacketReader(bytes, start, end, this.#rules);
    const properties = decodeProperties(reader, this.#set);
    this.#blockBytes = reader.at - start;
    this.#lastProperties ??= new LastProperties();
    this.#lastProperties.keep(bytes, start, reader.at, properties);
    return properties;
  }

  /**
   * The name of a topic, in the order of what it costs: the one before on this connection, one that
   * any connection has sent, and only then checked and decoded.
   */
  #name(bytes: Buffer, view: DataView | undefined, start: number, end: number): TopicName {
    const cache = this.#cache;
    if (cache.isAt(this.#last, bytes, view, start, end)) return this.#last;
    const isShort = end - start <= maxCachedTopicBytes;
    const cached = isShort ? cache.find(bytes, view, start, end) : undefined;
    if (cached !== undefined) {
      this.#last = cached;
      return cached;
    }
    const topic = this.#decodeTopic(bytes, start, end);
    // What only this decoder admits must not reach another one through the cache.
    const isOwn = this.#rules.allowControlCharacters && hasControlCharacter(topic);
    if (!isShort || isOwn) return new TopicName(topic, end - start);
    this.#last = cache.add(topic, bytes, start, end);
    return this.#last;
  }

  #decodeTopic(bytes: Buffer, start: number, end: number): string {
    const topic = decodeText(bytes, start, end);
    if (hasWildcard(topic)) throw malformed('a wildcard in a topic name'); // [MQTT-3.3.2-2]
    if (!this.#rules.allowControlCharacters && hasControlCharacter(topic)) {
      throw malformed('a control character or non-character in a topic name');
    }
    return topic;
  }
}
