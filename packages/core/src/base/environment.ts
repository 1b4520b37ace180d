// The one file of this package that touches the outside world: clock, timers, randomness, ids.
import { randomBytes } from 'node:crypto';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import hyperid from 'hyperid';

/** All that the broker takes from outside, so that a test can replay any history from a seed. */
export interface Environment {
  /** Wall clock, milliseconds since 1970. It may jump. */
  now(): number;
  /** Milliseconds from some moment on; never goes back. */
  monotonic(): number;
  /** Calls back once, after at least about `delayMs` (0 to 2^31 - 1). */
  setTimer(callback: () => void, delayMs: number): unknown;
  /** Forgets a timer; one that has fired, too. */
  clearTimer(timer: unknown): void;
  /** Calls back after the reads of this turn of the event loop, in order of the calls. */
  defer(callback: () => void): void;
  /** Bytes that nobody can guess. */
  random(bytes: number): Uint8Array;
  /** A name that no other call returns; safe in URLs and topics, but easy to guess. */
  newId(): string;
  /** Memory of the process. Where it is left out, only what the broker itself accounts for counts. */
  memory?(): ProcessMemory;
  /** How long the event loop was held up since the last call; the first one begins to measure. */
  eventLoopDelay?(): EventLoopDelay;
  /**
   * Whether chunks of all streams are copied into memory that is overwritten as soon as it could be used again: for tests,
   * which see who needs it for longer. Where hooks may keep messages it is used once. Default false.
   */
  readonly overwritesReads?: boolean;
}

/** What a process uses of its memory. Bytes. */
export interface ProcessMemory {
  /** The heap, and the buffers beside it. */
  readonly usedBytes: number;
  /** What the heap may grow to. */
  readonly limitBytes: number;
}

/** How much later than it could a timer fired, in milliseconds: what the longest turns of the event loop took. */
export interface EventLoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const delayResolutionMs = 10;
const nanosecondsPerMs = 1_000_000;

/** The environment of a running process. */
export function createEnvironment(): Environment {
  const newId = hyperid({ urlSafe: true });
  const limitBytes = getHeapStatistics().heap_size_limit;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
    defer: (callback) => void setImmediate(callback),
    random: (bytes) => randomBytes(bytes),
    newId: () => newId(),
    memory: () => {
      // Not process.memoryUsage, which also asks the system for what is resident: milliseconds on a busy machine.
      const { used_heap_size, external_memory } = getHeapStatistics();
      return { usedBytes: used_heap_size + external_memory, limitBytes };
    },
    eventLoopDelay: measureDelay(),
  };
}

/** Costs nothing until it is called for the first time, and a timer each hundredth of a second from then on. */
function measureDelay(): () => EventLoopDelay {
  let histogram: IntervalHistogram | undefined;
  return () => {
    if (histogram === undefined) {
      histogram = monitorEventLoopDelay({ resolution: delayResolutionMs });
      histogram.enable();
      return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
    }
    // It counts from timer to timer, and so the time between them as well.
    const late = (nanoseconds: number): number =>
      histogram?.count === 0 ? 0 : Math.max(0, nanoseconds / nanosecondsPerMs - delayResolutionMs);
    const { max } = histogram;
    const delay = {
      p50Ms: late(histogram.percentile(50)),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(max),
    };
    histogram.reset();
    return delay;
  };
}
