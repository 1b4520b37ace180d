import type { Clock } from '../clock.ts';

/** A clock whose time does not pass: to set a plug-in up without a broker. */
export const stillClock: Clock = Object.freeze({
  now: () => 0,
  monotonic: () => 0,
  setTimer: () => undefined,
  clearTimer: () => {},
});
