import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

const mebibyte = 1024 * 1024;

/** Both halves of the young generation. V8 would go on to 32 MiB. */
const mostYoungBytes = 16 * mebibyte;

/** A heap that came to so much grows as V8 sees fit: to collect it more often would cost more than the memory is worth. */
const largeHeapBytes = 64 * mebibyte;

/** By how much of what is in use a small heap may grow between two full collections. V8 lets it grow to four times as much. */
const growthPercent = 50;

/** So many full collections within so long cost more than the memory is worth, and stay so for a while. */
const oftenCollections = 5;
const oftenMs = 1_000;
const relaxedMs = 10_000;

/**
 * Keeps the heap of a server small while what it holds is: V8 takes all the room that it may when messages come and go
 * quickly. Whoever starts Node with sizes of their own keeps those.
 */
export function boundHeapGrowth(): void {
  const { NODE_OPTIONS = '' } = process.env;
  const words = [...process.execArgv, NODE_OPTIONS].join(' ');
  if (/semi[-_]space|heap[-_]growing/.test(words)) return;
  const growth = new BoundedGrowth((percent) =>
    setFlagsFromString(`--heap-growing-percent=${percent}`),
  );
  let isYoungBounded = false;
  const collections = new PerformanceObserver((list) => {
    if (!isYoungBounded && youngBytes() >= mostYoungBytes) {
      isYoungBounded = true;
      setFlagsFromString('--semi-space-growth-factor=1');
    }
    for (const entry of list.getEntries()) growth.collected(entry.startTime, isMajor(entry));
    if (!isYoungBounded || getHeapStatistics().used_heap_size < largeHeapBytes) return;
    collections.disconnect();
    growth.end();
  });
  collections.observe({ entryTypes: ['gc'] });
}

/**
 * Bounds how much a heap grows between two full collections, unless these come often. Memory outside of the heap counts as
 * growth: a small bound is met again and again where a lot of it comes and goes, as with payloads of some size.
 */
export class BoundedGrowth {
  readonly #set: (percent: number) => void;
  /** When the last full collections were, in milliseconds. */
  readonly #majors: number[] = [];
  #relaxedUntil: number | undefined;

  /** `set` is given the percentage, 0 for what V8 chooses. */
  constructor(set: (percent: number) => void) {
    this.#set = set;
    set(growthPercent);
  }

  /** A collection was made at a time in milliseconds. */
  collected(at: number, isMajor: boolean): void {
    if (this.#relaxedUntil !== undefined && at >= this.#relaxedUntil) {
      this.#relaxedUntil = undefined;
      this.#set(growthPercent);
    }
    if (!isMajor || this.#relaxedUntil !== undefined) return;
    this.#majors.push(at);
    if (this.#majors.length < oftenCollections) return;
    const first = this.#majors.shift() as number;
    if (at - first > oftenMs) return;
    this.#majors.length = 0;
    this.#relaxedUntil = at + relaxedMs;
    this.#set(0);
  }

  /** Grows as V8 sees fit from now on. */
  end(): void {
    this.#set(0);
  }
}

function isMajor(entry: PerformanceEntry): boolean {
  const { detail } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function youngBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
