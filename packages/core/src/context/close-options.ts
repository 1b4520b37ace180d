import type { BrokerError } from '@sluice/plugin';
import { refuseUnknown, wrong } from './options.ts';

/** What `close` of a broker or a scope takes. */
export interface CloseOptions {
  /** Milliseconds that clients get to take what is on its way to them. 5,000 by default. */
  readonly graceMs?: number;
  /** Where 5.0 clients should go for the time being (section 4.11): DISCONNECT is 0x9C with it in place of 0x8B. */
  readonly serverReference?: string;
}

// As far as a timer goes.
const maxGraceMs = 2_147_483_647;

/** A BrokerError SLUICE_OPTION that says what is wrong with the options; undefined when nothing is. */
export function closeMistake(options: CloseOptions): BrokerError | undefined {
  try {
    check(options);
    return undefined;
  } catch (error) {
    return error as BrokerError;
  }
}

function check(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw wrong('options', options, 'an object with graceMs, serverReference');
  }
  refuseUnknown(options, '', ['graceMs', 'serverReference']);
  const { graceMs = 0, serverReference = 'x' } = options as Record<keyof CloseOptions, unknown>;
  if (typeof graceMs !== 'number' || !(graceMs >= 0 && graceMs <= maxGraceMs)) {
    throw wrong('graceMs', graceMs, `a number of milliseconds from 0 to ${maxGraceMs}`);
  }
  if (typeof serverReference !== 'string' || serverReference === '') {
    throw wrong('serverReference', serverReference, 'a string that is not empty');
  }
}
