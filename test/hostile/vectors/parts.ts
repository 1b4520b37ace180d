import {
  bytes,
  type Part,
  props,
  rawPacket,
  str,
  u16,
} from '../../../packages/conformance/src/bytes.ts';
import type { Version } from './vector.ts';

export { bytes, props, rawPacket, str, u16, u32 } from '../../../packages/conformance/src/bytes.ts';
export { rawConnect, rawWill } from '../../../packages/conformance/src/raw-connect.ts';

/** Properties, which 3.1.1 does not have. */
export function properties(version: Version, ...parts: readonly Part[]): Uint8Array {
  return version === 5 ? props(...parts) : bytes();
}

/** A PUBLISH: QoS 0 without properties unless the first byte and the parts behind the topic say otherwise. */
export function publish(
  version: Version,
  topic: string | Uint8Array,
  payload: Part = Buffer.from('x'),
  ...propertyParts: readonly Part[]
): Uint8Array {
  return rawPacket(0x30, str(topic), properties(version, ...propertyParts), payload);
}

/** A SUBSCRIBE with packet identifier 1 to filters with the same options. */
export function subscribe(version: Version, options: number, ...filters: string[]): Uint8Array {
  const requests = filters.map((filter) => bytes(str(filter), options));
  return rawPacket(0x82, u16(1), properties(version), ...requests);
}

/** An UNSUBSCRIBE with packet identifier 1. */
export function unsubscribe(version: Version, ...filters: string[]): Uint8Array {
  return rawPacket(0xa2, u16(1), properties(version), ...filters.map((filter) => str(filter)));
}
