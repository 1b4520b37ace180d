import type { Context } from '../context/context.ts';
import { EntryState, OutboxEntry } from '../outbox/outbox-entry.ts';
import type { Router } from '../routing/router.ts';
import type { Session } from '../session/session.ts';

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

  /** Done when everything is with somebody else: at once for a session that is not stored. */
  run(session: Session): void | Promise<void> {
    if (!session.stored) {
      for (const entry of session.outbox.entries()) {
        this.#offer(entry, entry.state !== EntryState.waiting);
      }
      return;
    }
    return new Promise((done) => {
      const onCommitted = (failure: Error | undefined): void => {
        if (failure === undefined) this.#readOn(session, -1, done);
        else done();
      };
      this.#context.commits.wait({ onCommitted });
    });
  }

  #readOn(session: Session, after: number, done: () => void): void {
    const { queueReads, limits, reportError } = this.#context;
    queueReads.read(session.number, after, limits.windowMessages).then(
      (records) => {
        for (const record of records) {
          this.#offer(OutboxEntry.restored(record), session.outbox.wasSent(record.sequence));
        }
        const last = records.at(-1);
        if (last === undefined || records.length < limits.windowMessages) done();
        else this.#readOn(session, last.sequence, done);
      },
      (error) => {
        reportError(error);
        done();
      },
    );
  }

  #offer(entry: OutboxEntry, wasSent: boolean): void {
    const { message, sharedFilter, qos } = entry;
    if (message === undefined || sharedFilter === undefined || (qos === 2 && wasSent)) return;
    // To the other member it has not been sent yet [MQTT-3.3.2-5].
    if (message.expiresAt <= this.#context.environment.now()) return;
    // A message of its own: the body of the old one goes with the session.
    const again = message.renumbered(this.#context.numbers.message());
    this.#router.offer(sharedFilter, again);
  }
}
