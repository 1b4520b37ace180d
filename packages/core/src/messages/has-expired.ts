import type { Message } from '@sluice/plugin';

/** What a commit may take of a message that nothing was before: it has not waited, be its interval 0. */
const immediateMs = 1_000;

/** Whether it is too late to begin a delivery; `isImmediate` when it was to begin as soon as the message came [MQTT-3.3.2-5]. */
export function hasExpired({ expiresAt }: Message, now: number, isImmediate: boolean): boolean {
  return expiresAt + (isImmediate ? immediateMs : 0) <= now;
}
