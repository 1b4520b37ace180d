import type { Presence } from './session-expectation.ts';
import type { WillWatch } from './will-watch.ts';
import type { Wire } from './wire.ts';
import type { World } from './world.ts';

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

/**
 * Whether the broker may end connections by itself at this moment: one that was busy may not have come to the DISCONNECT
 * before, as before the next CONNECT.
 */
export function isSendingAway({ plan, now, crowdedAt, isClosing, isKicking }: World): boolean {
  return isClosing || isKicking || (plan.queueOverflow === 'disconnect' && crowdedAt === now);
}
