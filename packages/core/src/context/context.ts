import type { ReasonCode, TopicCache } from '@sluice/packet';
import type { DropReason, Message, OverflowAction, Persistence } from '@sluice/plugin';
import type { Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';
import type { OutputMemory } from '../base/output-memory.ts';
import type { ReadMemory } from '../base/read-memory.ts';
import type { Stats } from '../base/stats.ts';
import type { Turn } from '../base/turn.ts';
import type { Commits } from '../commits/commits.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { PublishGuard } from '../hooks/publish-guard.ts';
import type { Overload } from '../overload/overload.ts';
import type { Features, Limits, SlowReceiver } from './options.ts';
import type { QueueReads } from './queue-reads.ts';
import type { Scopes } from './scopes.ts';

/** What every part of one broker shares. */
export interface Context {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly features: Features;
  readonly queueOverflow: OverflowAction;
  readonly slowReceiver: SlowReceiver;
  readonly serverReference: string | undefined;
  readonly overload: Overload;
  readonly allowControlCharacters: boolean;
  /** Those of the broker itself: for what a client does, ask `scopes`. */
  readonly hooks: HookRunners;
  readonly scopes: Scopes;
  readonly publishGuard: PublishGuard;
  readonly deadlines: Deadlines;
  readonly turn: Turn;
  readonly commits: Commits;
  readonly persistence: Persistence;
  readonly queueReads: QueueReads;
  readonly stats: Stats;
  readonly topicCache: TopicCache;
  readonly outputMemory: OutputMemory;
  readonly readMemory: ReadMemory;
  readonly numbers: Numbers;
  /** Something that a person should see: the broker's `error` event. */
  reportError(error: Error): void;
  /**
   * A message will not arrive. `clientId` is the receiver's, undefined before routing. Without the message, which may
   * lie on disk only, it is counted, and no hook is told.
   */
  dropped(message: Message | undefined, clientId: string | undefined, reason: DropReason): void;
  /** The client with an identifier, as a publisher that can be made to wait. */
  publisher(clientId: string): Publisher | undefined;
  /** Ends a session, with its connection if it has one. */
  evict(session: EvictedSession, reasonCode: ReasonCode, message: string): void;
}

/** Who publishes, as those see it who have to make it wait. */
export interface Publisher {
  /** Undefined while it has no connection. */
  readonly sink: { readonly isGone: boolean; holdBack(): void; letGo(): void } | undefined;
  /** Whether there are messages that it did not acknowledge yet, or will get: it has to be read. */
  readonly owesAcknowledgements: boolean;
}

/** A session that is to end: nothing happens to its successor. */
export interface EvictedSession {
  readonly clientId: string;
  readonly number: number;
}

/** Numbers that are never given twice, also not after a restart. */
export class Numbers {
  #message: number;
  #session: number;

  constructor(nextMessage: number, nextSession: number) {
    this.#message = nextMessage;
    this.#session = nextSession;
  }

  /** What the next message will get. */
  get nextMessage(): number {
    return this.#message;
  }

  /** What the next session will get. */
  get nextSession(): number {
    return this.#session;
  }

  message(): number {
    return this.#message++;
  }

  session(): number {
    return this.#session++;
  }
}
