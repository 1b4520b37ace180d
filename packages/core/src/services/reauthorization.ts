import { nextTurn } from '../base/next-turn.ts';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Parts } from '../connection/parts.ts';
import type { Session } from '../session/session.ts';
import type { Serving } from './serving.ts';
import { walkSessions } from './walk-sessions.ts';

// Enough that a slow rule does not hold up the many, few enough not to flood where rules are looked up.
const sessionsAtOnce = 64;
const subscriptionsPerTurn = 256;

/** Access rules changed: takes from connected clients what they may not have any more. */
export class Reauthorization {
  readonly #parts: Parts;
  readonly #serving: Serving;

  constructor(parts: Parts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  /** For one client, or all. Settles when everything is asked and what came of it durable. */
  async run(clientId: string | undefined): Promise<void> {
    this.#serving.check();
    const { context, inquiries, registry, review } = this.#parts;
    context.hooks.policyChanged?.({ clientId });
    for (const { hooks } of context.scopes) hooks.policyChanged?.({ clientId });
    // A hook that calls this within what this calls must not end up in a circle that is never left.
    await nextTurn(context.environment);
    this.#serving.check();
    inquiries.rulesChanged(clientId);
    if (clientId === undefined) {
      await this.#recheckAll();
    } else {
      const session = registry.get(clientId);
      if (session !== undefined) await review.recheck(session);
    }
    await whenCommitted(context.commits);
  }

  async #recheckAll(): Promise<void> {
    const sessions = walkSessions(this.#parts, this.#serving);
    await Promise.all(Array.from({ length: sessionsAtOnce }, () => this.#recheckEach(sessions)));
  }

  async #recheckEach(sessions: AsyncIterable<Session>): Promise<void> {
    const { context, review } = this.#parts;
    let left = subscriptionsPerTurn;
    for await (const session of sessions) {
      left -= session.subscriptions.size;
      await review.recheck(session);
      if (left > 0) continue;
      await nextTurn(context.environment);
      left = subscriptionsPerTurn;
    }
  }
}
