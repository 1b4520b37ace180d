import { ByteWriter } from './byte-writer.ts';
import { queueKeyBytes, writeQueueKey } from './keys.ts';
import { type WrittenQueueEntry, writeQueueEntry } from './records.ts';

/**
 * Writes the entries of queues. A message for a thousand sessions makes a thousand of them in a row that differ in
 * key and checksum only: the rest is encoded once. They share two buffers: making new ones cost as much as LevelDB's
 * own part of a put.
 */
export class QueueEntryWriter {
  /** The key of the last entry, good until the next one. */
  readonly key: Buffer = Buffer.alloc(queueKeyBytes);
  readonly #writer = new ByteWriter();
  #message = -1;
  #qos = 0;
  #retain = false;
  #released = false;
  #subscriptionIdentifiers: readonly number[] | undefined;
  #sharedFilter: string | undefined;

  /** Writes the key, and returns the value for it, which is good until the next entry too. */
  write(session: number, sequence: number, entry: WrittenQueueEntry): Buffer {
    writeQueueKey(this.key, session, sequence);
    if (!this.#isLikeLast(entry)) this.#encode(entry);
    return this.#writer.seal(this.key);
  }

  #isLikeLast(entry: WrittenQueueEntry): boolean {
    return (
      entry.message === this.#message &&
      entry.qos === this.#qos &&
      entry.retain === this.#retain &&
      (entry.released === true) === this.#released &&
      entry.subscriptionIdentifiers === this.#subscriptionIdentifiers &&
      entry.sharedFilter === this.#sharedFilter
    );
  }

  #encode(entry: WrittenQueueEntry): void {
    writeQueueEntry(this.#writer.start(), entry);
    this.#message = entry.message;
    this.#qos = entry.qos;
    this.#retain = entry.retain;
    this.#released = entry.released === true;
    this.#subscriptionIdentifiers = entry.subscriptionIdentifiers;
    this.#sharedFilter = entry.sharedFilter;
  }
}
