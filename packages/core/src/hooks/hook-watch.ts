import type { Environment } from '../base/environment.ts';

/** A synchronous call that takes longer is slow: every client waits for it. */
const slowCallMs = 50;

/** One call alone that is worth a word. Shorter ones may be the fault of a busy machine, unless they come again. */
const verySlowCallMs = 1_000;

const reportEveryMs = 60_000;

/** Notices that a hook is slow, and says so once a minute at most. */
export class HookWatch {
  readonly #environment: Environment;
  #lastSlowAt = -Infinity;
  #silentUntil = -Infinity;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A call returned. What is to be said of it; undefined where nothing is. */
  returned(afterMs: number): string | undefined {
    if (afterMs <= slowCallMs) return undefined;
    const now = this.#environment.monotonic();
    const isRepeated = now - this.#lastSlowAt <= reportEveryMs;
    this.#lastSlowAt = now;
    if (!isRepeated && afterMs <= verySlowCallMs) return undefined;
    return this.#once(`blocked the process for ${Math.round(afterMs)} ms: every client waited`);
  }

  /** A promise was kept. What is to be said of it; undefined where nothing is. */
  answered(afterMs: number, deadlineMs: number): string | undefined {
    if (afterMs <= deadlineMs / 2) return undefined;
    return this.#once(`took ${Math.round(afterMs)} ms of the ${deadlineMs} ms that it has`);
  }

  #once(said: string): string | undefined {
    const now = this.#environment.monotonic();
    if (now < this.#silentUntil) return undefined;
    this.#silentUntil = now + reportEveryMs;
    return said;
  }
}
