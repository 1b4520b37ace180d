import type { Client } from '@sluice/plugin';
import type { Limits } from '../base/limits.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { OutboxEntry } from './outbox-entry.ts';
import type { QueuedBody } from './queue-keys.ts';
import type { Sink } from './sink.ts';

/** What waits in an outbox, as those see it who decide about it. */
export interface WaitingQueue {
  /** Messages of any state. */
  readonly size: number;
  readonly bytes: number;
  /** Whether it has as many messages as it may. */
  readonly isFull: boolean;
  /** Sequence of the message whose turn it is, or will be when the client is back. */
  readonly cursor: number;
  /** Sequences from here on were never sent: these may be taken out. */
  readonly firstUnsent: number;
  /** Whether nothing of it lies on disk only. */
  readonly isInMemory: boolean;
  /** A message that is in memory. */
  inMemory(sequence: number): OutboxEntry | undefined;
  /** What is in memory and was never sent, in order; from a sequence on, if it is given. */
  unsent(from?: number): Iterable<OutboxEntry>;
  /** Whether a message fits in once others are gone. */
  hasRoomFor(bytes: number, goneMessages?: number, goneBytes?: number): boolean;
  /** Takes out a message that was never sent, or lies behind `first`; false when it is gone or on its way. */
  withdraw(sequence: number, body: QueuedBody, first?: number): boolean;
}

/** Is told what leaves a queue. */
export interface QueueWatcher {
  removed(sequence: number): void;
}

/** The session, as those see it who decide about its queue. */
export interface QueueOwner {
  readonly number: number;
  readonly clientId: string;
  /** The last one on it. */
  readonly client: Client;
  readonly sink: Sink | undefined;
  readonly hooks: HookRunners;
  /** Those that its client was granted. */
  readonly limits: Limits;
  /** Whether a queue is committed: the session outlives its connection. */
  readonly stored: boolean;
  /** Tells the hook `limited` that the queue has no room. */
  tellLimited(isFull: boolean): void;
  pump(): void;
}
