import { MemoryPersistence } from '@sluice/persistence-memory';
import type { Operation } from '@sluice/plugin';

const parts = ['sessions', 'subscriptions', 'received', 'wills', 'retained'] as const;

/** What `sizes` says of an empty store. */
export const nothingStored: Record<string, number> = Object.fromEntries(
  parts.map((part) => [`${part} stored`, 0]),
);

/** A store in memory that can say what is in it. */
export class WatchedStore extends MemoryPersistence {
  /** Topics that ever had a retained message, also those that `#` does not match. */
  readonly retainedTopics: Set<string> = new Set();

  override commit(operations: readonly Operation[]): void | Promise<void> {
    for (const operation of operations) {
      if (operation.type === 'retain') this.retainedTopics.add(operation.message.topic);
    }
    return super.commit(operations);
  }

  /** How many records there are, once the broker is closed. */
  async sizes(): Promise<Record<string, number>> {
    const snapshot = await this.open();
    return Object.fromEntries(parts.map((part) => [`${part} stored`, [...snapshot[part]].length]));
  }
}
