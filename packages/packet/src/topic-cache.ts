import type { Buffer } from 'node:buffer';
import { notYet, TopicName } from './topic-name.ts';
import { hashOfTopic, TopicWords } from './topic-words.ts';

/** Longer topics are decoded each time. */
export const maxCachedTopicBytes = 128;

const maxNames = 65_536;
const maxWords = 1_048_576;
const fewestSlots = 16;
const maxProbes = 16;
// With fewer names every topic is kept at once.
const namesKeptAtOnce = 4_096;
// Twice as many as names: a topic is remembered from one time to the next although others come in between.
const cameOncePlaces = 131_072;

/**
 * Topic names by their bytes, so that a topic seen before costs neither a check nor a string. It begins again when it holds
 * 65,536 names or 4 MiB of them; none is longer than 128 bytes. Beyond 4,096 a name is kept when it comes again, so that
 * topics which come once cost little and drive nothing out. Meant to be shared by the decoders of a broker.
 */
export class TopicCache {
  // A name is in one of the sixteen slots from where its hash points to. A slot with hash 0 is empty. Half of
  // them are, so that there is a place nearly always; otherwise the first of the sixteen is taken over.
  #hashes: Int32Array = new Int32Array(fewestSlots);
  #names: (TopicName | undefined)[] = new Array(fewestSlots).fill(undefined);
  #count = 0;
  readonly #words: TopicWords = new TopicWords();
  #beginning = 1;
  /** The last of the hashes that led to each place, 16 bits of it: who finds its own there came before. */
  #came: Uint16Array | undefined;

  /** Whether `name` is what lies in `bytes[start, end)`; `view` shows the same memory, if given. */
  isAt(
    name: TopicName,
    bytes: Buffer,
    view: DataView | undefined,
    start: number,
    end: number,
  ): boolean {
    return (
      name.bytes === end - start &&
      name.beginning === this.#beginning &&
      this.#words.isAt(name.at, bytes, view, start, end)
    );
  }

  /** The name in `bytes[start, end)`, if it is here; `view` shows the same memory, if given. */
  find(
    bytes: Buffer,
    view: DataView | undefined,
    start: number,
    end: number,
  ): TopicName | undefined {
    const hash = hashOfTopic(bytes, view, start, end);
    const hashes = this.#hashes;
    for (let probe = 0; probe < maxProbes; probe++) {
      const slot = (hash + probe) & (hashes.length - 1);
      const found = hashes[slot];
      if (found === 0) return undefined;
      if (found !== hash) continue;
      const name = this.#names[slot] as TopicName;
      if (this.isAt(name, bytes, view, start, end)) return name;
    }
    return undefined;
  }

  /** Keeps a topic that passed every check, is not here, and lies in `bytes[start, end)`; with many others not before it comes again. */
  add(topic: string, bytes: Buffer, start: number, end: number): TopicName {
    const hash = hashOfTopic(bytes, undefined, start, end);
    if (this.#count >= namesKeptAtOnce && this.#isNew(hash)) {
      return new TopicName(topic, end - start, 0, notYet);
    }
    if (this.#count === maxNames || this.#words.used + maxCachedTopicBytes / 4 > maxWords) {
      this.#beginAgain();
    } else if (this.#count * 2 === this.#hashes.length) {
      this.#grow();
    }
    this.#count++;
    const at = this.#words.add(bytes, start, end);
    const name = new TopicName(topic, end - start, at, this.#beginning);
    this.#put(hash, name);
    return name;
  }

  #isNew(hash: number): boolean {
    this.#came ??= new Uint16Array(cameOncePlaces);
    const place = hash & (cameOncePlaces - 1);
    // Never 0, which is what an empty place has.
    const mark = (hash >>> 16) | 1;
    if (this.#came[place] === mark) return false;
    this.#came[place] = mark;
    return true;
  }

  #put(hash: number, name: TopicName): void {
    const mask = this.#hashes.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < maxProbes; probe++) {
      const free = (hash + probe) & mask;
      if (this.#hashes[free] !== 0) continue;
      slot = free;
      break;
    }
    this.#hashes[slot] = hash;
    this.#names[slot] = name;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const names = this.#names;
    this.#hashes = new Int32Array(hashes.length * 2);
    this.#names = new Array(hashes.length * 2).fill(undefined);
    for (let slot = 0; slot < hashes.length; slot++) {
      const name = names[slot];
      if (name !== undefined) this.#put(hashes[slot] as number, name);
    }
  }

  #beginAgain(): void {
    this.#hashes = new Int32Array(fewestSlots);
    this.#names = new Array(fewestSlots).fill(undefined);
    this.#count = 0;
    this.#words.clear();
    this.#beginning++;
  }
}
