import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker } from '@sluice/core';

const quietMs = 300;

/** Resolves when nothing was sent or stored for a while: when the last of it was. */
export async function quiet({ stats }: Broker): Promise<number> {
  let last = performance.now();
  let seen = '';
  while (performance.now() - last < quietMs) {
    const { bytesSent, messagesSent, sessions, connections, subscriptions } = stats;
    const now = `${bytesSent} ${messagesSent} ${sessions} ${connections} ${subscriptions}`;
    if (now !== seen) last = performance.now();
    seen = now;
    await nextTurn();
  }
  return last;
}
