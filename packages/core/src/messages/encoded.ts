import {
  encodePublishHead,
  type ProtocolVersion,
  type PublishHead,
  type PublishHeadFields,
} from '@sluice/packet';
import { copyBytes } from '../base/copy-bytes.ts';

const joinBelowBytes = 4_096;
const pageBytes = 64 * 1024;

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

/** What can be sent to nobody: its size is above every limit. */
const tooLarge = new Encoded(new Uint8Array(0), 0, Infinity, 0);

/** From here on a packet may be longer than four bytes of Remaining Length can say. */
const hugeBytes = 250_000_000;

/** Encodes a PUBLISH, or says that it is too large for any. A small payload is copied behind its head, so that the packet is one segment. */
export function encodePublish(
  fields: PublishHeadFields,
  payload: Uint8Array,
  version: ProtocolVersion,
): Encoded {
  const head = headOf(fields, payload.length, version);
  if (head === undefined) return tooLarge;
  if (payload.length > joinBelowBytes) {
    return new Encoded(head.bytes, 0, head.bytes.length, head.packetIdOffset, payload);
  }
  const bytes = new Uint8Array(head.bytes.length + payload.length);
  bytes.set(head.bytes);
  bytes.set(payload, head.bytes.length);
  return new Encoded(bytes, 0, bytes.length, head.packetIdOffset);
}

function headOf(
  fields: PublishHeadFields,
  payloadBytes: number,
  version: ProtocolVersion,
): PublishHead | undefined {
  if (payloadBytes < hugeBytes) return encodePublishHead(fields, payloadBytes, version);
  try {
    return encodePublishHead(fields, payloadBytes, version);
  } catch (error) {
    // It came in a smaller form, of an older version or without identifiers; or of the application, in none.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Where messages are encoded that leave in the turn in which they came: one behind the other, so that neighbours leave
 * as one segment, like those that are forwarded. It is never written to twice.
 */
let page: Uint8Array = new Uint8Array(0);
let pageUsed = 0;

/** As `encodePublish`, for a payload in `bytes[start, end)` of the chunk that it came in. */
export function encodeArrived(
  fields: PublishHeadFields,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): Encoded {
  if (end - start > joinBelowBytes) {
    return encodePublish(fields, bytes.subarray(start, end), version);
  }
  const head = encodePublishHead(fields, end - start, version);
  const size = head.bytes.length + end - start;
  if (size > pageBytes) return encodePublish(fields, bytes.subarray(start, end), version);
  if (pageUsed + size > page.length) {
    page = new Uint8Array(pageBytes);
    pageUsed = 0;
  }
  const begin = pageUsed;
  const payloadStart = copyBytes(page, begin, head.bytes, 0, head.bytes.length);
  pageUsed = copyBytes(page, payloadStart, bytes, start, end);
  const packetIdAt = head.packetIdOffset === 0 ? 0 : begin + head.packetIdOffset;
  return new Encoded(page, begin, pageUsed, packetIdAt);
}
