import { PacketType, type PublishPacket, type PublishProperties, type Qos } from './packets.ts';
import type { TopicName } from './topic-name.ts';

/**
 * A PUBLISH as it was decoded, still lying in the buffer it came in: whoever forwards it can send
 * `bytes[start, end)` again, or the payload behind a new head.
 */
export class IncomingPublish implements PublishPacket {
  readonly type: typeof PacketType.publish = PacketType.publish;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly topic: string;
  readonly packetId: number;
  readonly properties: PublishProperties;
  /** The buffer that holds the packet; valid until the decoder gets its next chunk. */
  readonly bytes: Uint8Array;
  /** Offset of the packet in `bytes`. */
  readonly start: number;
  /** Offset of the payload in `bytes`. */
  readonly payloadStart: number;
  /** Offset behind the packet in `bytes`. */
  readonly end: number;
  readonly #name: TopicName;
  #payload: Uint8Array | undefined;

  constructor(
    firstByte: number,
    name: TopicName,
    packetId: number,
    properties: PublishProperties,
    bytes: Uint8Array,
    start: number,
    payloadStart: number,
    end: number,
  ) {
    this.qos = ((firstByte >> 1) & 3) as Qos;
    this.retain = (firstByte & 1) !== 0;
    this.dup = (firstByte & 8) !== 0;
    this.topic = name.topic;
    this.#name = name;
    this.packetId = packetId;
    this.properties = properties;
    this.bytes = bytes;
    this.start = start;
    this.payloadStart = payloadStart;
    this.end = end;
  }

  /** Its topic; where that is empty, a name without one. */
  get name(): TopicName {
    return this.#name;
  }

  /** A view, made at the first call: most messages are forwarded without one. */
  get payload(): Uint8Array {
    this.#payload ??= this.bytes.subarray(this.payloadStart, this.end);
    return this.#payload;
  }
}
