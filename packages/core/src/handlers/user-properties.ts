import { ReasonCode, type UserProperties } from '@sluice/packet';
import { LimitExceeded } from '../base/limit-exceeded.ts';
import type { Limits } from '../base/limits.ts';

/** The standard does not bound their size, and the decoder their number only; a broker that forwards them has to. */
export function checkUserProperties(
  { userProperties }: { readonly userProperties?: UserProperties },
  { maxUserPropertyBytes }: Limits,
): void {
  if (userProperties === undefined) return;
  let bytes = 0;
  for (const [name, value] of userProperties) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes <= maxUserPropertyBytes) return;
  throw new LimitExceeded(
    'maxUserPropertyBytes',
    ReasonCode.quotaExceeded,
    `more than ${maxUserPropertyBytes} bytes of user properties in one packet`,
  );
}
