import { countLevels } from './topics.ts';

/** The beginning of a name that its cache does not keep yet. */
export const notYet = -1;

/** A topic name that was checked. A cache gives the same object whenever it meets the same bytes. */
export class TopicName {
  readonly topic: string;
  /** In UTF-8. */
  readonly bytes: number;
  readonly levels: number;
  /** What the owner of the cache wants to find again with the name. It lives as long as the name is remembered. */
  note: unknown;
  /**
   * Where its cache has the bytes, and since which of its beginnings: 0 where no cache has them, and `notYet` where one has
   * them from the next time on.
   */
  readonly at: number;
  readonly beginning: number;

  constructor(topic: string, bytes: number, at: number = 0, beginning: number = 0) {
    this.topic = topic;
    this.bytes = bytes;
    this.levels = countLevels(topic);
    this.note = undefined;
    this.at = at;
    this.beginning = beginning;
  }

  /** Whether the topic came for the first time, as far as its cache remembers: most of such never come again. */
  get isNew(): boolean {
    return this.beginning === notYet;
  }
}
