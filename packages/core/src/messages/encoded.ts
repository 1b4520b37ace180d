import { encodePublishHead, type ProtocolVersion, type PublishHeadFields } from '@sluice/packet';

const joinBelowBytes = 4_096;

/** A PUBLISH ready to be sent, but for the receiver's packet id. */
export class Encoded {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Offset in `bytes` of the packet id; 0 at QoS 0. */
  readonly packetIdAt: number;
  /** What follows `bytes`, when the payload was too large to be copied behind its head. */
  readonly payload: Uint8Array | undefined;

  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    packetIdAt: number,
    payload?: Uint8Array,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.packetIdAt = packetIdAt;
    this.payload = payload;
  }

  /** Bytes of the whole packet. */
  get size(): number {
    return this.end - this.start + (this.payload === undefined ? 0 : this.payload.length);
  }
}

/** Encodes a PUBLISH. A small payload is copied behind its head, so that the packet is one segment. */
export function encodePublish(
  fields: PublishHeadFields,
  payload: Uint8Array,
  version: ProtocolVersion,
): Encoded {
  const head = encodePublishHead(fields, payload.length, version);
  if (payload.length > joinBelowBytes) {
    return new Encoded(head.bytes, 0, head.bytes.length, head.packetIdOffset, payload);
  }
  const bytes = new Uint8Array(head.bytes.length + payload.length);
  bytes.set(head.bytes);
  bytes.set(payload, head.bytes.length);
  return new Encoded(bytes, 0, bytes.length, head.packetIdOffset);
}
