import { closeSync, openSync, readSync } from 'node:fs';
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';

const nanosecondsPerMs = 1_000_000;
const microsecondsPerMs = 1_000;
/** Turns that are looked at more closely. */
const longTurnMs = 2;
const reportBytes = 128;

/** What the turns of a time took, in milliseconds. */
export interface TurnFigures {
  /** By the clock. */
  readonly longestMs: number;
  readonly p99Ms: number;
  /** Without the time that it waited for a processor, and without collections of garbage. */
  readonly longestOwnMs: number;
  /** The longest such collection. */
  readonly longestCollectionMs: number;
  readonly turns: number;
}

interface LongTurn {
  readonly begin: number;
  readonly end: number;
  /** It had no processor. */
  readonly waitedMs: number;
  /** Processor time of the whole process: a machine that is a guest of another may be stopped without knowing. */
  readonly usedMs: number;
}

/**
 * Measures the turns of the event loop, by a message to oneself in each of them: it comes where bytes of a network
 * come, so that a turn is what begins with these and ends with the immediates.
 */
export class TurnWatch {
  readonly #channel = new MessageChannel();
  readonly #turnsMs: number[] = [];
  readonly #long: LongTurn[] = [];
  readonly #collections: PerformanceEntry[] = [];
  readonly #collected: PerformanceObserver;
  readonly #waiting = new WaitingTime();
  #last: number = performance.now();
  #waitedMs: number = this.#waiting.read();
  #usedMs: number = used();
  #running = true;

  constructor() {
    this.#collected = new PerformanceObserver((list) => {
      this.#collections.push(...list.getEntries());
    });
    this.#collected.observe({ entryTypes: ['gc'] });
    this.#channel.port1.on('message', () => this.#turned());
    this.#next();
  }

  /** Ends it. */
  async stop(): Promise<TurnFigures> {
    this.#running = false;
    // What was collected is told some turns later.
    for (let turn = 0; turn < 4; turn++) await nextTurn();
    this.#collected.disconnect();
    this.#waiting.close();
    const sorted = this.#turnsMs.toSorted((one, other) => one - other);
    return {
      longestMs: sorted.at(-1) ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      longestOwnMs: Math.max(0, ...this.#long.map((turn) => this.#own(turn))),
      longestCollectionMs: Math.max(0, ...this.#collections.map(({ duration }) => duration)),
      turns: sorted.length,
    };
  }

  #own({ begin, end, waitedMs, usedMs }: LongTurn): number {
    let own = end - begin - waitedMs;
    for (const { startTime, duration } of this.#collections) {
      if (startTime >= begin && startTime < end) own -= duration;
    }
    return Math.min(own, usedMs);
  }

  #turned(): void {
    const now = performance.now();
    const ms = now - this.#last;
    this.#turnsMs.push(ms);
    if (ms > longTurnMs) {
      const waitedMs = this.#waiting.read() - this.#waitedMs;
      this.#long.push({ begin: this.#last, end: now, waitedMs, usedMs: used() - this.#usedMs });
    }
    this.#waitedMs = this.#waiting.read();
    this.#usedMs = used();
    this.#last = performance.now();
    if (this.#running) this.#next();
    else this.#channel.port1.close();
  }

  #next(): void {
    setImmediate(() => this.#channel.port2.postMessage(undefined));
  }
}

/** Processor time of the process so far. Milliseconds. */
function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / microsecondsPerMs;
}

/** How long the main thread was ready to run and had no processor: Linux tells, elsewhere it is 0. */
class WaitingTime {
  readonly #report = Buffer.alloc(reportBytes);
  #file: number | undefined;

  constructor() {
    try {
      this.#file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    } catch {
      this.#file = undefined;
    }
  }

  /** Milliseconds since the thread began. */
  read(): number {
    if (this.#file === undefined) return 0;
    const length = readSync(this.#file, this.#report, 0, reportBytes, 0);
    // Time on a processor, time that it waited for one, and how often it got one.
    const [, waited] = this.#report.toString('latin1', 0, length).split(' ');
    return Number(waited) / nanosecondsPerMs;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
