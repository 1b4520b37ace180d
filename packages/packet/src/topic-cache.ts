import type { Buffer } from 'node:buffer';
import { hashOfTopic, type KnownTopic } from './known-topic.ts';

const slots = 4_096;

/**
 * Topic names by their bytes, so that a topic seen before costs neither a check nor a string.
 * Direct mapped: a slot holds the newest of the topics whose hash points to it. It never holds more
 * than 4,096 names, none longer than 128 bytes. Meant to be shared by the decoders of a broker.
 */
export class TopicCache {
  readonly #known: (KnownTopic | undefined)[] = new Array(slots).fill(undefined);

  /** The topic in `bytes[start, end)`, if it is here; `view` shows the same memory, if given. */
  find(
    bytes: Buffer,
    view: DataView | undefined,
    start: number,
    end: number,
  ): KnownTopic | undefined {
    const known = this.#known[hashOfTopic(bytes, view, start, end) & (slots - 1)];
    return known?.isAt(bytes, view, start, end) ? known : undefined;
  }

  /** Keeps a topic that passed every check and lies in `bytes[start, end)`. */
  add(known: KnownTopic, bytes: Buffer, start: number, end: number): void {
    this.#known[hashOfTopic(bytes, undefined, start, end) & (slots - 1)] = known;
  }
}
