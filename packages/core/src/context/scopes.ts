import type { AuthorizePublishEvent, Client, ConnectionInfo } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import type { Limits } from '../base/limits.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import { restoredConnection } from './restored-client.ts';

/** What counts for the connections of one scope, or of the broker itself. */
export interface ScopeTerms {
  /** Undefined for the broker itself. */
  readonly name: string | undefined;
  /** Those of the broker among them. */
  readonly hooks: HookRunners;
  readonly limits: Limits;
}

/** Which hooks and limits count for whom: those of the scope that a client came through, or those of the broker. */
export class Scopes {
  readonly broker: ScopeTerms;
  readonly #scopes: Set<ScopeTerms> = new Set();
  /** Wills and sessions outlive a connection, and know no more of it than its description. */
  readonly #byConnection: WeakMap<ConnectionInfo, ScopeTerms> = new WeakMap();
  #isUsed = false;

  constructor(hooks: HookRunners, limits: Limits) {
    this.broker = { name: undefined, hooks, limits };
  }

  /** Those that are open, without the broker itself. */
  [Symbol.iterator](): IterableIterator<ScopeTerms> {
    return this.#scopes.values();
  }

  /** Whether there ever was one. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  open(scope: ScopeTerms): void {
    this.#isUsed = true;
    this.#scopes.add(scope);
  }

  /** What its clients left behind is still asked about with its hooks. */
  close(scope: ScopeTerms): void {
    this.#scopes.delete(scope);
  }

  /** A connection came through a scope. */
  entered(connection: ConnectionInfo, scope: ScopeTerms): void {
    if (scope !== this.broker) this.#byConnection.set(connection, scope);
  }

  /** The hooks for what a client does, or left behind; those of the broker for the application. */
  hooksOf(client: Client | undefined): HookRunners {
    if (client?.connection === restoredConnection) return this.#hooksOfRestored();
    return this.hooksOn(client?.connection);
  }

  /** The hooks for what happens on a connection; those of the broker where it happens on none. */
  hooksOn(connection: ConnectionInfo | undefined): HookRunners {
    if (connection === undefined) return this.broker.hooks;
    return (this.#byConnection.get(connection) ?? this.broker).hooks;
  }

  /** A restart forgets who came through which scope: every scope has to allow what they left behind. */
  #hooksOfRestored(): HookRunners {
    const asked = [...this.#scopes].flatMap(({ hooks }) => hooks.authorizePublish ?? []);
    if (asked.length === 0) return this.broker.hooks;
    return { ...this.broker.hooks, authorizePublish: (event) => askAll(asked, event, 0) };
  }
}

type Authorize = NonNullable<HookRunners['authorizePublish']>;

function askAll(
  asked: readonly Authorize[],
  event: AuthorizePublishEvent,
  index: number,
): ReturnType<Authorize> {
  const ask = asked[index] as Authorize;
  return andThen(ask(event), (verdict) =>
    verdict.allowed && index + 1 < asked.length ? askAll(asked, event, index + 1) : verdict,
  );
}
