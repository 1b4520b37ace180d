import { countLevels, ProtocolError, ReasonCode, TooManyError } from '@sluice/packet';
import type { Limits } from './limits.ts';

/** Of UTF-8, for one unit of a string. */
const maxBytesPerUnit = 3;

/** A client did more than a limit of the broker allows: its connection ends, and the hook `limited` is told. */
export class LimitExceeded extends ProtocolError {
  readonly limit: keyof Limits;

  constructor(limit: keyof Limits, reasonCode: ReasonCode, message: string) {
    super(reasonCode, message);
    this.limit = limit;
  }
}

/** The limit that an error is about; undefined when it is about none. */
export function limitOf(
  error: ProtocolError,
  limits: Limits,
  isConnected: boolean,
): keyof Limits | undefined {
  if (error instanceof LimitExceeded) return error.limit;
  // The decoder knows no names of limits.
  if (error instanceof TooManyError) {
    return error.bound === 'maxFilters' ? 'maxSubscriptionsPerPacket' : 'maxUserProperties';
  }
  if (error.reasonCode !== ReasonCode.packetTooLarge) return undefined;
  const { maxConnectPacketBytes, maxPacketBytes } = limits;
  return isConnected || maxPacketBytes < maxConnectPacketBytes
    ? 'maxPacketBytes'
    : 'maxConnectPacketBytes';
}

/** The limit that a topic name or filter exceeds. */
export function exceededTopicLimit(
  topic: string,
  { maxTopicBytes, maxTopicLevels }: Limits,
): 'maxTopicBytes' | 'maxTopicLevels' | undefined {
  const { length } = topic;
  // Nearly every topic is too short to exceed either, and counting would take longer than all other checks.
  if (length * maxBytesPerUnit > maxTopicBytes && Buffer.byteLength(topic) > maxTopicBytes) {
    return 'maxTopicBytes';
  }
  return length >= maxTopicLevels && countLevels(topic) > maxTopicLevels
    ? 'maxTopicLevels'
    : undefined;
}
