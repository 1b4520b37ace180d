import { BrokerError } from '@sluice/plugin';
import { Deadline, type Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';

/** The persistence commits again. */
export interface RecoveredEvent {
  /** Milliseconds since the first commit that failed. */
  readonly failedForMs: number;
  /** Tries that failed. */
  readonly attempts: number;
}

/** Who is told of an outage: once when it begins, and once when it is over. */
export interface OutageEvents {
  failed(failure: BrokerError): void;
  recovered(event: RecoveredEvent): void;
}

/** What an outage works with. */
export interface OutageParts {
  readonly environment: Environment;
  readonly deadlines: Deadlines;
  readonly events: OutageEvents;
}

const firstDelayMs = 100;
const longestDelayMs = 5_000;

/** The time from a commit that failed to the next one that succeeds: says when it is tried again. */
export class Outage {
  readonly #parts: OutageParts;
  readonly #retry: Deadline;
  readonly #tryAgain: () => void;
  #failure: BrokerError | undefined;
  #since = 0;
  #attempts = 0;
  #delayMs = firstDelayMs;

  constructor(parts: OutageParts, tryAgain: () => void) {
    this.#parts = parts;
    this.#tryAgain = tryAgain;
    this.#retry = new Deadline({ onDeadline: tryAgain });
  }

  /** What made the persistence fail; undefined while it works. */
  get failure(): BrokerError | undefined {
    return this.#failure;
  }

  /** A commit failed, for the first time or again. */
  failed(cause: unknown): void {
    const { environment, deadlines, events } = this.#parts;
    const now = environment.monotonic();
    this.#attempts++;
    deadlines.set(this.#retry, now + this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, longestDelayMs);
    if (this.#failure !== undefined) return;
    this.#since = now;
    this.#failure = new BrokerError(
      'SLUICE_PERSISTENCE_FAILED',
      'The persistence could not commit: what has to be durable is not acknowledged until it can. The broker tries again by itself; the cause says what is in its way.',
      { cause },
    );
    events.failed(this.#failure);
  }

  /** A commit succeeded. */
  over(): void {
    if (this.#failure === undefined) return;
    const { environment, events } = this.#parts;
    const failedForMs = environment.monotonic() - this.#since;
    const attempts = this.#attempts;
    this.#failure = undefined;
    this.#attempts = 0;
    this.#delayMs = firstDelayMs;
    events.recovered({ failedForMs, attempts });
  }

  /** Does not wait for the next try. Does nothing while one is under way, or none is needed. */
  tryNow(): void {
    if (this.#retry.at === Infinity) return;
    this.#parts.deadlines.clear(this.#retry);
    this.#tryAgain();
  }
}
