import { ReasonCode } from '@sluice/packet';

/** The answer of a hook that decides. No answer (undefined) means: no opinion. */
export type Verdict<Grant = unknown> = Allow<Grant> | Deny;

export interface Allow<Grant = unknown> {
  readonly allowed: true;
  readonly grant: Grant | undefined;
}

export interface Deny {
  readonly allowed: false;
  /** Told to a 5.0 client; mapped to the nearest code of 3.x. */
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
}

/** The answer of a transform that lets the value end here. */
export interface Drop {
  readonly dropped: true;
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
}

const allowed: Allow<never> = Object.freeze({ allowed: true, grant: undefined });

/** Says yes, with what is granted where the hook has something to grant. */
export function allow<Grant = never>(grant?: Grant): Allow<Grant> {
  return grant === undefined ? allowed : { allowed: true, grant };
}

/** Says no. The reason string is for people and goes out as it is: keep secrets out of it. */
export function deny(
  reasonCode: ReasonCode = ReasonCode.notAuthorized,
  reasonString?: string,
): Deny {
  return { allowed: false, reasonCode, reasonString };
}

/** Ends a value in a transform: the packet is answered with the reason code (0x00 hides that it went no further). */
export function drop(
  reasonCode: ReasonCode = ReasonCode.notAuthorized,
  reasonString?: string,
): Drop {
  return { dropped: true, reasonCode, reasonString };
}

export function isDrop(value: object): value is Drop {
  return 'dropped' in value;
}
