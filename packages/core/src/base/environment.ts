// The one file of this package that touches the outside world: clock, timers, randomness, ids.
import { randomBytes } from 'node:crypto';
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
}

/** What a process uses of its memory. Bytes. */
export interface ProcessMemory {
  /** The heap, and the buffers beside it. */
  readonly usedBytes: number;
  /** What the heap may grow to. */
  readonly limitBytes: number;
}

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
      const { heapUsed, external } = process.memoryUsage();
      return { usedBytes: heapUsed + external, limitBytes };
    },
  };
}
