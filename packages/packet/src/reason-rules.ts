import { protocolError } from './errors.ts';
import { ReasonCode } from './reason-code.ts';

/** Which side reads, and so which side has sent. */
export type Role = 'server' | 'client';

const failedPublish = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const disconnectByAnyone = [
  0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
];

const disconnectByServer = [
  0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
];

type Codes = ReadonlySet<number>;

/** Reason codes of 5.0 by packet; where it matters, by the side that reads them (section 2.4). */
export const connackCodes: Codes = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
  0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
]);

/** PUBACK and PUBREC. Only a server can say that there were no matching subscribers. */
export const receivedCodes: Readonly<Record<Role, Codes>> = {
  server: new Set([0x00, ...failedPublish]),
  client: new Set([0x00, ReasonCode.noMatchingSubscribers, ...failedPublish]),
};

/** PUBREL and PUBCOMP. */
export const releasedCodes: Codes = new Set([0x00, 0x92]);

export const subackCodes: Codes = new Set([
  0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2,
]);

export const unsubackCodes: Codes = new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);

export const disconnectCodes: Readonly<Record<Role, Codes>> = {
  server: new Set([...disconnectByAnyone, ReasonCode.disconnectWithWill]),
  client: new Set([...disconnectByAnyone, ...disconnectByServer]),
};

export const authCodes: Readonly<Record<Role, Codes>> = {
  server: new Set([0x18, 0x19]),
  client: new Set([0x00, 0x18]),
};

/** Return codes of CONNACK in 3.x. */
export const connackReturnCodes: Codes = new Set([0, 1, 2, 3, 4, 5]);

/** Return codes of SUBACK in 3.x. */
export const subackReturnCodes: Codes = new Set([0x00, 0x01, 0x02, 0x80]);

/** The code, if the packet may carry it. */
export function checkReasonCode(code: number, allowed: Codes): ReasonCode {
  if (!allowed.has(code)) {
    throw protocolError(`reason code 0x${code.toString(16)} does not belong here`);
  }
  return code as ReasonCode;
}
