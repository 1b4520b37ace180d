import type { DecoderBounds } from './decoder-rules.ts';
import { ReasonCode } from './reason-code.ts';

/** The peer broke the protocol. Its connection ends with `reasonCode`; nobody else is affected. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}

/** A CONNECT that names a protocol level which this codec does not speak. */
export class UnsupportedVersionError extends ProtocolError {
  /** Which CONNACK the client can read: 4 is the 3.x form (return code 1), 5 the 5.0 form (0x84). */
  readonly replyVersion: 4 | 5;

  constructor(replyVersion: 4 | 5, message: string) {
    super(ReasonCode.unsupportedProtocolVersion, message);
    this.replyVersion = replyVersion;
  }
}

/** A packet with more of something than its decoder was told to take: `maxFilters` or `maxUserProperties`. */
export class TooManyError extends ProtocolError {
  readonly bound: keyof DecoderBounds;

  constructor(bound: keyof DecoderBounds, max: number) {
    const what = bound === 'maxFilters' ? 'topic filters' : 'user properties';
    super(ReasonCode.quotaExceeded, `more than ${max} ${what} in one packet`);
    this.bound = bound;
  }
}

/** Bytes that cannot be parsed (section 4.13.1 of MQTT 5.0). */
export function malformed(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.malformedPacket, message);
}

/** A packet that parses, but is not allowed (section 4.13.1 of MQTT 5.0). */
export function protocolError(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.protocolError, message);
}
