import { countersName } from './counters-name.ts';

/** More than all instrumented sources have; a multiple of four. */
const maxPlaces = 32_768;

/** The counters of all modules: bytes, which wrap. */
class Counters {
  readonly bytes: Uint8Array = new Uint8Array(maxPlaces);
  used = 0;

  /** Called by each module when it is loaded, with the number behind its last counter. */
  use(end: number): Uint8Array {
    this.used = Math.max(this.used, end);
    return this.bytes;
  }
}

/** Called once, before the first instrumented module is loaded. */
export function makeCounters(): void {
  Reflect.set(globalThis, countersName, new Counters());
}

/** Times, as far as they are told apart: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more: a bit each. */
const bucketOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, times) => {
  if (times <= 3) return times === 0 ? 0 : 1 << (times - 1);
  if (times < 8) return 8;
  if (times < 16) return 16;
  if (times < 32) return 32;
  return times < 128 ? 64 : 128;
});

/** Which ways through the sources inputs have taken, and how often each. */
export class Coverage {
  readonly #counters: Counters;
  readonly #words: Uint32Array;
  readonly #seen: Uint8Array = new Uint8Array(maxPlaces);
  #points = 0;
  #features = 0;

  constructor() {
    const counters = Reflect.get(globalThis, countersName) as Counters | undefined;
    // Without the hooks nothing counts, and every input is as good as another.
    this.#counters = counters ?? new Counters();
    this.#words = new Uint32Array(this.#counters.bytes.buffer);
  }

  /** Places that there are. */
  get places(): number {
    return this.#counters.used;
  }

  /** Places that were reached. */
  get points(): number {
    return this.#points;
  }

  /** Places that were reached, each by how often an input did so. */
  get features(): number {
    return this.#features;
  }

  /** Before an input is run. */
  begin(): void {
    this.#words.fill(0, 0, (this.#counters.used + 3) >> 2);
  }

  /** After it: how much of what it did is new. */
  end(): { readonly points: number; readonly features: number } {
    const points = this.#points;
    const features = this.#features;
    const words = this.#words;
    const usedWords = (this.#counters.used + 3) >> 2;
    for (let word = 0; word < usedWords; word++) {
      if (words[word] !== 0) this.#note(word * 4);
    }
    return { points: this.#points - points, features: this.#features - features };
  }

  #note(first: number): void {
    for (let place = first; place < first + 4; place++) {
      const bucket = bucketOf[this.#counters.bytes[place] as number] as number;
      const seen = this.#seen[place] as number;
      if ((seen | bucket) === seen) continue;
      if (seen === 0) this.#points++;
      this.#features++;
      this.#seen[place] = seen | bucket;
    }
  }
}
