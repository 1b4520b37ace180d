import { asError } from '../base/as-error.ts';
import { Line } from '../base/line.ts';
import type { SlicedTask } from '../base/turn.ts';
import type { Context } from '../context/context.ts';

/** Of one turn; thousands at once begin with code and memory that nobody has used for long. */
const maxAtOnce = 16;

/** The port of a stream that has ended. */
export interface Departing {
  depart(): void;
}

/**
 * Streams that ended, of which thousands may end in one turn when a network is cut. Beyond the first few no more is touched
 * of each than it takes to note it, since what belongs to so many is far from the processor.
 */
export class Departures implements SlicedTask {
  readonly #context: Context;
  readonly #waiting: Line<Departing> = new Line();
  #isShared = false;
  /** How many departed without waiting in the turn of that number. */
  #atOnce = 0;
  #turn = -1;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Whether some wait for their turn. */
  get areBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Lets one depart: now, or when those before it have and there is time. */
  add(departing: Departing): void {
    if (this.#waiting.length === 0 && this.#hasTime) {
      departing.depart();
      return;
    }
    this.#waiting.add(departing);
    if (this.#isShared) return;
    this.#isShared = true;
    this.#context.turn.share(this);
  }

  slice(until: number): boolean {
    const { environment } = this.#context;
    do this.#departOne();
    while (this.#waiting.length > 0 && environment.monotonic() < until);
    this.#isShared = this.#waiting.length > 0;
    return this.#isShared;
  }

  get #hasTime(): boolean {
    const { turn } = this.#context;
    if (this.#turn !== turn.number) {
      this.#turn = turn.number;
      this.#atOnce = 0;
    }
    return this.#atOnce++ < maxAtOnce && !turn.isOver;
  }

  #departOne(): void {
    try {
      this.#waiting.take()?.depart();
    } catch (thrown) {
      // The others are not to blame.
      this.#context.reportError(asError(thrown));
    }
  }
}
