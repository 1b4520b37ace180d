import { ReasonCode } from '@sluice/packet';

// Closing is what the standard asks for; which code goes with it is advice. Brokers differ in where they draw
// the line between what does not parse and what is not allowed.

/** Reasons that fit a packet which cannot be parsed. */
export const malformedCodes: readonly number[] = [
  ReasonCode.malformedPacket,
  ReasonCode.protocolError,
  ReasonCode.unspecifiedError,
];

/** Reasons that fit a packet which parses but is not allowed. */
export const protocolErrorCodes: readonly number[] = malformedCodes;
