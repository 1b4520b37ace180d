import type { QueuedMessage } from '@sluice/plugin';
import { asError } from '../base/as-error.ts';
import { Deadline } from '../base/deadlines.ts';
import type { Context } from '../context/context.ts';
import { EntryState, OutboxEntry } from '../outbox/outbox-entry.ts';
import type { Router } from '../routing/router.ts';
import type { Session } from '../session/session.ts';

const firstDelayMs = 100;
const longestDelayMs = 1_600;

/**
 * Gives what a session got through its share groups to other members, when the session ends without having
 * acknowledged it (section 4.8.2). A QoS 2 message whose delivery has begun is never given away [MQTT-4.8.2-5].
 */
export class SharedRedelivery {
  readonly #context: Context;
  readonly #router: Router;

  constructor(context: Context, router: Router) {
    this.#context = context;
    this.#router = router;
  }

  /**
   * Returns how many went to a group, which counts those that nobody takes: when everything is with somebody else, which
   * is at once for a session that is not stored.
   */
  run(session: Session): number | Promise<number> {
    let given = 0;
    if (!session.stored) {
      for (const entry of session.outbox.entries()) {
        if (this.#offer(entry, entry.state !== EntryState.waiting)) given++;
      }
      return given;
    }
    return new Promise((done) => {
      const onCommitted = (failure: Error | undefined): void => {
        done(failure === undefined ? this.#giveStored(session) : 0);
      };
      this.#context.commits.wait({ onCommitted });
    });
  }

  async #giveStored(session: Session): Promise<number> {
    const { windowMessages } = this.#context.limits;
    let given = 0;
    let records: readonly QueuedMessage[];
    let after = -1;
    do {
      records = await this.#read(session.number, after);
      for (const record of records) {
        const wasSent = session.outbox.wasSent(record.sequence);
        if (this.#offer(OutboxEntry.restored(record), wasSent)) given++;
        after = record.sequence;
      }
    } while (records.length === windowMessages);
    return given;
  }

  /** Tries again for some seconds: with the session goes the only copy. Nothing where all that fails. */
  async #read(session: number, after: number): Promise<readonly QueuedMessage[]> {
    const { queueReads, limits, reportError } = this.#context;
    for (let delayMs = firstDelayMs; ; delayMs *= 2) {
      try {
        return await queueReads.read(session, after, limits.windowMessages);
      } catch (error) {
        reportError(asError(error));
        if (delayMs > longestDelayMs) return [];
      }
      await this.#pause(delayMs);
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { deadlines, environment } = this.#context;
    return new Promise((resolve) => {
      deadlines.set(
        new Deadline({ onDeadline: () => resolve() }),
        environment.monotonic() + delayMs,
      );
    });
  }

  #offer(entry: OutboxEntry, wasSent: boolean): boolean {
    const { message, sharedFilter, qos } = entry;
    if (message === undefined || sharedFilter === undefined || (qos === 2 && wasSent)) return false;
    // To the other member it has not been sent yet [MQTT-3.3.2-5].
    if (message.expiresAt <= this.#context.environment.now()) return false;
    // A message of its own: the body of the old one goes with the session.
    const again = message.renumbered(this.#context.numbers.message());
    // After a crash before the end of the session is committed it is given away again.
    again.mayRepeat = again.qos === 2;
    return this.#router.offer(sharedFilter, again);
  }
}
