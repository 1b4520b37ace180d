import { isFailure, ReasonCode } from '@sluice/packet';

/** A reason code that a hook chose, where the packet that tells it may carry it; otherwise one that each of them may. */
export function fittingCode(code: ReasonCode, allowed: ReadonlySet<number>): ReasonCode {
  if (allowed.has(code)) return code;
  return isFailure(code) ? ReasonCode.notAuthorized : ReasonCode.success;
}
