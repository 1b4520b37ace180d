import { EntryState, type OutboxEntry } from './outbox-entry.ts';
import type { WaitingQueue } from './waiting-queue.ts';

// So many that have left may be remembered, beside as many as are in the queue: to forget them costs a look at all of it.
const slack = 16;

/**
 * What waits in a queue, by topic: made when it is first asked for, since most queues are never full. A full one
 * would be looked through as a whole for each message.
 */
export class QueueTopics {
  readonly #queue: WaitingQueue;
  /** Sequences, some of which may have left. */
  readonly #sequences: Map<string, number[]> = new Map();
  #count = 0;
  /** Behind the last one that is in it. */
  #end = 0;

  constructor(queue: WaitingQueue) {
    this.#queue = queue;
  }

  /** What is in memory of a topic and was never sent, in order. */
  of(topic: string): readonly OutboxEntry[] {
    for (const { sequence, message } of this.#queue.unsent(this.#end)) {
      this.#end = sequence + 1;
      if (message !== undefined) this.#add(message.topic, sequence);
    }
    const entries = (this.#sequences.get(topic) ?? []).flatMap((one) => this.#waiting(one) ?? []);
    this.#set(
      topic,
      entries.map(({ sequence }) => sequence),
    );
    return entries;
  }

  /** A message left the queue. */
  removed(): void {
    if (this.#count <= 2 * this.#queue.size + slack) return;
    this.#sequences.clear();
    this.#count = 0;
    this.#end = 0;
  }

  #waiting(sequence: number): OutboxEntry | undefined {
    if (sequence < this.#queue.firstUnsent) return undefined;
    const entry = this.#queue.inMemory(sequence);
    return entry?.state === EntryState.waiting ? entry : undefined;
  }

  #add(topic: string, sequence: number): void {
    const sequences = this.#sequences.get(topic);
    if (sequences === undefined) this.#sequences.set(topic, [sequence]);
    else sequences.push(sequence);
    this.#count++;
  }

  #set(topic: string, sequences: number[]): void {
    this.#count += sequences.length - (this.#sequences.get(topic)?.length ?? 0);
    if (sequences.length > 0) this.#sequences.set(topic, sequences);
    else this.#sequences.delete(topic);
  }
}
