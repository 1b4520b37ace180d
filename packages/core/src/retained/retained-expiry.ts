import { Deadline, type Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';

interface RetainedExpiryContext {
  readonly environment: Environment;
  readonly deadlines: Deadlines;
}

/** When retained messages expire: one deadline for each topic that has such a message, however often it is replaced. */
export class RetainedExpiry {
  readonly #context: RetainedExpiryContext;
  readonly #onExpired: (topic: string) => void;
  readonly #deadlines: Map<string, Deadline> = new Map();

  constructor(context: RetainedExpiryContext, onExpired: (topic: string) => void) {
    this.#context = context;
    this.#onExpired = onExpired;
  }

  /** Topics with a message that expires. */
  get size(): number {
    return this.#deadlines.size;
  }

  /** The message of a topic is another one, which expires at `expiresAt`, or never when that is Infinity. */
  set(topic: string, expiresAt: number): void {
    if (expiresAt === Infinity) {
      this.clear(topic);
      return;
    }
    const { environment, deadlines } = this.#context;
    const inMs = Math.max(0, expiresAt - environment.now());
    deadlines.set(this.#deadlineOf(topic), environment.monotonic() + inMs);
  }

  /** The topic has no message any more. */
  clear(topic: string): void {
    const deadline = this.#deadlines.get(topic);
    if (deadline === undefined) return;
    this.#context.deadlines.clear(deadline);
    this.#deadlines.delete(topic);
  }

  #deadlineOf(topic: string): Deadline {
    const existing = this.#deadlines.get(topic);
    if (existing !== undefined) return existing;
    const deadline = new Deadline({
      onDeadline: () => {
        this.#deadlines.delete(topic);
        this.#onExpired(topic);
      },
    });
    this.#deadlines.set(topic, deadline);
    return deadline;
  }
}
