import type { Buffer } from 'node:buffer';
import { decodeProperties } from './decode-properties.ts';
import type { DecoderRules } from './decoder-rules.ts';
import { malformed, protocolError } from './errors.ts';
import { IncomingPublish } from './incoming-publish.ts';
import { KnownTopic, maxKnownTopicBytes } from './known-topic.ts';
import { PacketReader } from './packet-reader.ts';
import { noProperties, type ProtocolVersion, type PublishProperties } from './packets.ts';
import type { PropertySet } from './properties.ts';
import { decodeText, hasControlCharacter } from './text.ts';
import type { TopicCache } from './topic-cache.ts';
import { hasWildcard } from './topics.ts';

/** Decodes the PUBLISH packets of one connection and remembers its last topic. */
export class PublishDecoder {
  readonly #set: PropertySet;
  readonly #rules: DecoderRules;
  readonly #cache: TopicCache | undefined;
  #last: KnownTopic | undefined;

  constructor(set: PropertySet, rules: DecoderRules, cache: TopicCache | undefined) {
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
    const topic = topicStart === topicEnd ? '' : this.#topic(bytes, view, topicStart, topicEnd);
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
        const reader = new PacketReader(bytes, payloadStart, end, this.#rules);
        properties = decodeProperties(reader, this.#set);
        payloadStart = reader.at;
      }
      if (topic === '' && properties.topicAlias === undefined) {
        throw protocolError('a PUBLISH with neither a topic nor a topic alias');
      }
    } else if (topic === '') {
      throw malformed('a PUBLISH with an empty topic');
    }
    return new IncomingPublish(
      firstByte,
      topic,
      packetId,
      properties,
      bytes,
      start,
      payloadStart,
      end,
    );
  }

  /**
   * The string of a topic, in the order of what it costs: the one before on this connection, one
   * that any connection has sent, and only then checked and decoded.
   */
  #topic(bytes: Buffer, view: DataView | undefined, start: number, end: number): string {
    if (end - start > maxKnownTopicBytes) return this.#decodeTopic(bytes, start, end);
    const last = this.#last;
    if (last?.isAt(bytes, view, start, end)) return last.topic;
    const cached = this.#cache?.find(bytes, view, start, end);
    if (cached !== undefined) {
      this.#last = cached;
      return cached.topic;
    }
    const topic = this.#decodeTopic(bytes, start, end);
    // What only this decoder admits must not reach another one through the cache.
    if (this.#rules.allowControlCharacters && hasControlCharacter(topic)) return topic;
    this.#last = new KnownTopic(topic, bytes, start, end);
    this.#cache?.add(this.#last, bytes, start, end);
    return topic;
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
