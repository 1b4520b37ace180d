import type { RestoredSession, SessionRecord, SubscriptionRecord } from '@sluice/plugin';
import { SessionQueue } from './session-queue.ts';

/** All that is kept under one session number. */
export class StoredSession {
  /** Undefined as long as only parts of a session are known. */
  record: SessionRecord | undefined;
  readonly subscriptions: Map<string, SubscriptionRecord> = new Map();
  readonly received: Set<number> = new Set();
  readonly queue: SessionQueue = new SessionQueue();

  restored(record: SessionRecord): RestoredSession {
    const { nextSequence, size } = this.queue;
    return { ...record, nextSequence, queued: size };
  }
}
