import type { Presence } from './session-expectation.ts';
import type { WillWatch } from './will-watch.ts';
import type { Wire } from './wire.ts';

/** One CONNECT and what hangs on it. */
export interface Attempt {
  readonly wire: Wire;
  readonly sentAt: number;
  readonly isClean: boolean;
  /** What became of its session, as far as could be told when it was sent. */
  readonly expected: Presence;
  readonly will: WillWatch | undefined;
  /** CONNACK left. */
  isAccepted: boolean;
  /** The broker is done with it. */
  isReleased: boolean;
}
