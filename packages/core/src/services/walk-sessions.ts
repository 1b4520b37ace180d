import { nextTurn } from '../base/next-turn.ts';
import type { Parts } from '../connection/parts.ts';
import type { Session } from '../session/session.ts';
import type { Serving } from './serving.ts';

const sessionsPerTurn = 256;

/** All sessions that are there from the beginning until it is their turn, each once. */
export async function* walkSessions(
  { context, registry }: Parts,
  serving: Serving,
): AsyncGenerator<Session, void> {
  serving.check();
  const end = context.numbers.nextSession;
  let left = sessionsPerTurn;
  for (const session of registry.sessions()) {
    // It began later, and so did all behind it: clients that come and go must not keep this going for ever.
    if (session.number >= end) return;
    yield session;
    serving.check();
    if (--left > 0) continue;
    await nextTurn(context.environment);
    serving.check();
    left = sessionsPerTurn;
  }
}
