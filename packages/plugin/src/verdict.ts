import { ReasonCode, type UserProperties } from '@sluice/packet';

/** The answer of a hook that decides. No answer (undefined) means: no opinion. */
export type Verdict<Grant = never> = Allow<Grant> | Deny;

export interface Allow<Grant = never> {
  readonly allowed: true;
  readonly grant: Grant | undefined;
}

export interface Deny {
  readonly allowed: false;
  /** Told to a 5.0 client; mapped to the nearest code of 3.x. */
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  /** Where the client should go instead: told with 0x9C and 0x9D, `host[:port]`s separated by spaces. */
  readonly serverReference?: string;
  /** Of the CONNACK that refuses a 5.0 client. */
  readonly userProperties?: UserProperties;
}

/** The answer of `exchange` that asks the client for another step. */
export interface Proceed {
  readonly proceed: true;
  /** Authentication Data of the AUTH that the client gets. */
  readonly data: Uint8Array | undefined;
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

/** Says that the client belongs to another server (section 4.11): for now (0x9C), or from now on (0x9D). */
export function redirect(
  serverReference: string,
  reasonCode:
    | typeof ReasonCode.useAnotherServer
    | typeof ReasonCode.serverMoved = ReasonCode.useAnotherServer,
): Deny {
  return { allowed: false, reasonCode, reasonString: undefined, serverReference };
}

/** Asks the client for another step of its authentication, with data where the method has some. */
export function proceed(data?: Uint8Array): Proceed {
  return { proceed: true, data };
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
