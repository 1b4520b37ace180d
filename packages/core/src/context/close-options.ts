import { refuseUnknown, resolveReference, wrong } from './options.ts';

/** What `close` of a broker or a scope takes. */
export interface CloseOptions {
  /** Milliseconds that clients get to take what is on its way to them. 5,000 by default. */
  readonly graceMs?: number | undefined;
  /** Where 5.0 clients should go for the time being (section 4.11): DISCONNECT is 0x9C with it in place of 0x8B. */
  readonly serverReference?: string | undefined;
}

/** With nothing left out but a reference. */
export interface ResolvedCloseOptions {
  readonly graceMs: number;
  readonly serverReference: string | undefined;
}

const defaultGraceMs = 5_000;

// Node fires a longer timer at once: nobody waits longer than 24 days.
const longestGraceMs = 2 ** 31 - 1;

/** Throws a BrokerError SLUICE_OPTION that says what is allowed. */
export function resolveCloseOptions(options: CloseOptions): ResolvedCloseOptions {
  if (typeof options !== 'object' || options === null) {
    throw wrong('options', options, 'an object with graceMs, serverReference');
  }
  refuseUnknown(options, '', ['graceMs', 'serverReference']);
  const { graceMs = defaultGraceMs, serverReference } = options;
  if (typeof graceMs !== 'number' || !(graceMs >= 0)) {
    throw wrong('graceMs', graceMs, 'a number of milliseconds that is not below 0');
  }
  return {
    graceMs: Math.min(graceMs, longestGraceMs),
    serverReference: resolveReference(serverReference),
  };
}
