import type { TopicCache } from '@sluice/packet';
import type { DropReason, Message, Persistence } from '@sluice/plugin';
import type { Commits } from './commits.ts';
import type { Deadlines } from './deadlines.ts';
import type { Environment } from './environment.ts';
import type { HookRunners } from './hooks.ts';
import type { Features, Limits } from './options.ts';
import type { OutputMemory } from './output-memory.ts';
import type { QueueReads } from './queue-reads.ts';
import type { Stats } from './stats.ts';
import type { Turn } from './turn.ts';

/** What every part of one broker shares. */
export interface Context {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly features: Features;
  readonly allowControlCharacters: boolean;
  readonly hooks: HookRunners;
  readonly deadlines: Deadlines;
  readonly turn: Turn;
  readonly commits: Commits;
  readonly persistence: Persistence;
  readonly queueReads: QueueReads;
  readonly stats: Stats;
  readonly topicCache: TopicCache;
  readonly outputMemory: OutputMemory;
  readonly numbers: Numbers;
  /** Something that a person should see: the broker's `error` event. */
  reportError(error: Error): void;
  /** A message will not arrive. `clientId` is the receiver's, undefined before routing. */
  dropped(message: Message, clientId: string | undefined, reason: DropReason): void;
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

  message(): number {
    return this.#message++;
  }

  session(): number {
    return this.#session++;
  }
}
