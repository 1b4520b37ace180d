import { logEvents } from '../../packages/server/src/log-events.ts';
import { createLogger } from '../../packages/server/src/logging.ts';
import type { AttackWorld } from './attack-world.ts';

/** What the server would log of a broker at its most talkative, from now on. */
export function logOf({ broker }: AttackWorld): { readonly lines: readonly string[] } {
  const lines: string[] = [];
  logEvents(broker, createLogger('trace', { write: (line) => void lines.push(line) }));
  return { lines };
}
