import type { Durability, Operation } from '@sluice/plugin';
import type { CommitWaiter } from './commit-news.ts';

const strength: { readonly [Name in Durability]: number } = { none: 0, write: 1, fsync: 2 };

/** Operations that are committed together. A place that is undefined was cancelled before it was written. */
export class Batch {
  readonly operations: (Operation | undefined)[] = [];
  readonly waiters: CommitWaiter[] = [];
  /** Operations ever added, those of a group one by one. */
  size = 0;
  bytes = 0;
  /** The most that one of its operations needs. */
  durability: Durability = 'none';
  /** From now on its operations can no longer be cancelled. */
  sealed = false;

  add(operation: Operation, bytes: number, durability: Durability): void {
    this.operations.push(operation);
    this.size++;
    this.bytes += bytes;
    if (strength[durability] > strength[this.durability]) this.durability = durability;
  }

  /** The last operation grew by one. */
  grew(bytes: number): void {
    this.size++;
    this.bytes += bytes;
  }

  /** Messages that wait in queues refer to the batch that they were stored with: they may not keep what else was in it. */
  settled(): void {
    this.operations.length = 0;
    this.waiters.length = 0;
  }
}
