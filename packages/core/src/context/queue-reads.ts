import type { Persistence, QueuedMessage } from '@sluice/plugin';
import fastq from 'fastq';

interface QueueRead {
  readonly session: number;
  readonly after: number;
  readonly limit: number;
}

/** Reads windows of queues from the persistence, a few side by side: a thousand returning clients take turns. */
export class QueueReads {
  readonly #queue: fastq.queueAsPromised<QueueRead, readonly QueuedMessage[]>;

  constructor(persistence: Persistence, maxDiskReads: number) {
    this.#queue = fastq.promise(
      async ({ session, after, limit }: QueueRead) => persistence.readQueue(session, after, limit),
      maxDiskReads,
    );
  }

  /** The next entries with a sequence above `after`. */
  read(session: number, after: number, limit: number): Promise<readonly QueuedMessage[]> {
    return this.#queue.push({ session, after, limit });
  }
}
