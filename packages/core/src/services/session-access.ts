import { ReasonCode } from '@sluice/packet';
import type { SessionInfo, SessionService } from '@sluice/plugin';
import { whenCommitted } from '../commits/when-committed.ts';
import type { Parts } from '../connection/parts.ts';
import { evictSession } from '../registry/evict-session.ts';
import { describeSession } from '../session/session-info.ts';
import type { Serving } from './serving.ts';
import { walkSessions } from './walk-sessions.ts';

/** The sessions, for plug-ins and the application. */
export class SessionAccess implements SessionService {
  readonly #parts: Parts;
  readonly #serving: Serving;

  constructor(parts: Parts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  get(clientId: string): SessionInfo | undefined {
    this.#serving.check();
    const session = this.#parts.registry.get(clientId);
    return session === undefined ? undefined : describeSession(session);
  }

  async end(clientId: string): Promise<boolean> {
    this.#serving.checkStore();
    const { registry, context } = this.#parts;
    const session = registry.get(clientId);
    if (session === undefined) return false;
    const message = 'the session was ended by the administrator';
    evictSession(registry, session, ReasonCode.administrativeAction, message);
    await registry.ending(clientId);
    await whenCommitted(context.commits);
    return true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SessionInfo, void> {
    for await (const session of walkSessions(this.#parts, this.#serving)) {
      yield describeSession(session);
    }
  }
}
