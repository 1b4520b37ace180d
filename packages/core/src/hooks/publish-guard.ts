import { BrokerError, type Message } from '@sluice/plugin';
import type { Environment } from '../base/environment.ts';

/** How deep messages may be nested: one that a hook publishes lies deeper than the one that the hook was called for. */
export const maxPublishDepth = 16;

// What was published longer ago begins anew: it is kept for as long as a loop needs to come round.
const maxRemembered = 10_000;

/** What plug-ins may publish in one turn of the event loop, so that reads have their turn. */
const maxPerTurn = 1_000;

const maxWaiting = 100_000;

/** Ends loops of hooks that publish and are called for what they published. */
export class PublishGuard {
  readonly #environment: Environment;
  /** How deep a message lies that is published now: 0 outside of hooks. */
  #depth = 0;
  /** Depth by message number, of those that lie deeper than 0. */
  readonly #depths: Map<number, number> = new Map();
  #ofTurn = 0;
  #waiting: (() => void)[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A hook is called for an event. Returns what is to be given to `leave` when it returns. */
  enter(event: unknown): number {
    const before = this.#depth;
    // Where no hook ever published, which is the rule, there is nothing to look up.
    this.#depth =
      this.#depths.size === 0 ? before || 1 : Math.max(before, this.#depthOf(event) + 1);
    return before;
  }

  /** A message is routed: what happens for its sake lies deeper, if a hook published it. As `enter` otherwise. */
  enterRouting({ number }: Message): number {
    const before = this.#depth;
    const depth = this.#depths.get(number);
    if (depth !== undefined) this.#depth = Math.max(before, depth + 1);
    return before;
  }

  leave(before: number): void {
    this.#depth = before;
  }

  /** Throws a BrokerError SLUICE_PUBLISH_LOOP, at once: then the hook fails that publishes, whether it waits or not. */
  check(): void {
    if (this.#depth > maxPublishDepth) {
      throw new BrokerError(
        'SLUICE_PUBLISH_LOOP',
        `A hook published for a message that was published by a hook, and so on, ${maxPublishDepth} times: it must leave alone what it published itself.`,
      );
    }
  }

  /** A message was made, of what is published now. */
  made({ number }: Message): void {
    if (this.#depth === 0) return;
    this.#depths.set(number, this.#depth);
    if (this.#depths.size <= maxRemembered) return;
    const [oldest] = this.#depths.keys();
    this.#depths.delete(oldest as number);
  }

  /**
   * Publishes for a plug-in: at once, or in one of the next turns of the event loop when plug-ins published much in
   * this one. Throws a BrokerError SLUICE_PUBLISH_LOOP when too much waits.
   */
  paced<Result>(publish: () => Promise<Result>): Promise<Result> {
    this.check();
    if (this.#waiting.length === 0 && this.#ofTurn < maxPerTurn) {
      this.#count();
      return publish();
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new BrokerError(
        'SLUICE_PUBLISH_LOOP',
        `${maxWaiting} messages of plug-ins wait to be published: a hook publishes for what it published itself, or nobody waits for the promises of publish.`,
      );
    }
    const depth = this.#depth;
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        this.#depth = depth;
        try {
          publish().then(resolve, reject);
        } catch (thrown) {
          reject(thrown);
        } finally {
          this.#depth = 0;
        }
      });
    });
  }

  #count(): void {
    if (this.#ofTurn++ === 0) this.#environment.defer(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#ofTurn = 0;
    const now = this.#waiting.slice(0, maxPerTurn);
    this.#waiting = this.#waiting.slice(maxPerTurn);
    for (const publish of now) {
      this.#count();
      publish();
    }
  }

  #depthOf(event: unknown): number {
    const { message } = event as { readonly message?: Message };
    return message === undefined ? 0 : (this.#depths.get(message.number) ?? 0);
  }
}
