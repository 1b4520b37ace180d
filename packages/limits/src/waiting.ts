import type { Clock } from './clock.ts';

/** Promises that settle after a time, or when nobody needs to wait any more. */
export class Waiting {
  readonly #clock: Clock;
  readonly #resolvers: Map<() => void, unknown> = new Map();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles after the time, at once when all is over. */
  wait(delayMs: number): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    return new Promise((resolve) => {
      const fire = (): void => {
        this.#resolvers.delete(fire);
        resolve();
      };
      this.#resolvers.set(fire, this.#clock.setTimer(fire, Math.ceil(delayMs)));
    });
  }

  /** Lets everybody go, and whoever comes from now on. */
  end(): void {
    this.#isOver = true;
    for (const [fire, timer] of this.#resolvers) {
      this.#clock.clearTimer(timer);
      fire();
    }
  }
}
