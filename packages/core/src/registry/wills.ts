import type { Will } from '@sluice/packet';
import { type Client, DropReason, isDrop, type WillRecord } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { Context } from '../context/context.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import type { Publishing } from '../routing/publishing.ts';
import { neverExpires, type Session } from '../session/session.ts';
import { SessionWill } from '../session/session-will.ts';

interface RestoredWill {
  readonly record: WillRecord;
  readonly session: Session | undefined;
  readonly client: Client;
}

/** Keeps wills until they are due and publishes them, each at most once (section 3.1.2.5). */
export class Wills {
  readonly #context: Context;
  readonly #publishing: Publishing;
  /** Wills whose hooks have not answered, by session. */
  readonly #pending: Map<number, SessionWill> = new Map();
  /** Until the plug-ins have started, which are asked about them. */
  readonly #restored: RestoredWill[] = [];
  #isClosed = false;

  constructor(context: Context, publishing: Publishing) {
    this.#context = context;
    this.#publishing = publishing;
  }

  /** Takes over the will of an accepted CONNECT; undefined when it has none. */
  accept(session: Session, will: Will | undefined): void {
    if (will === undefined) return;
    const { willDelayInterval: delayInterval = 0, ...properties } = will.properties;
    const record: WillRecord = {
      session: session.number,
      clientId: session.clientId,
      topic: will.topic,
      payload: ownBytes(will.payload),
      qos: will.qos,
      retain: will.retain,
      properties,
      delayInterval,
      dueAt: undefined,
    };
    this.#hold(session, record);
    this.#context.commits.add({ type: 'saveWill', record }, record.payload.length);
  }

  /** Puts back a will that was committed before a restart. Nothing comes of it before `resume`. */
  restore(record: WillRecord, session: Session | undefined, client: Client): void {
    if (session !== undefined) this.#hold(session, record);
    this.#restored.push({ record, session, client });
  }

  /** The broker serves: restored wills are due in their time, and without a session at once. */
  resume(): void {
    for (const { record, session, client } of this.#restored.splice(0)) {
      // A plug-in ended the session while it started.
      if (session !== undefined && session.will?.record !== record) continue;
      const { dueAt } = record;
      if (dueAt === undefined) this.#delay(record, session, client);
      else this.#holdUntil(dueAt, record, session, client);
    }
  }

  /** The connection ended: the will is due after its delay, or when the session ends, whichever comes first. */
  connectionEnded(session: Session): void {
    const will = session.will;
    if (will === undefined) return;
    if (will.record.delayInterval === 0 || session.expiryInterval === 0) void this.publish(session);
    else this.#delay(will.record, session, will.client);
  }

  /** The will is not wanted any more: a clean DISCONNECT, or the client came back in time [MQTT-3.1.2-10]. */
  discard(session: Session): void {
    const will = this.#release(session);
    if (will !== undefined) this.#forget(will);
  }

  /** The will is due now. A promise while a hook takes its time: until then its record is needed. */
  publish(session: Session): void | Promise<void> {
    const will = this.#release(session);
    return will === undefined ? this.#pending.get(session.number)?.publishing : this.#publish(will);
  }

  /** No delay ends any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when every will that is due is published. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all([...this.#pending.values()].map(({ publishing }) => publishing));
    }
  }

  #hold(session: Session, record: WillRecord): SessionWill {
    const will = new SessionWill(record, session.client, () => {
      if (!this.#isClosed) void this.publish(session);
    });
    session.will = will;
    return will;
  }

  /** Its delay begins, once: a broker that dies meanwhile goes on counting. */
  #delay(waiting: WillRecord, session: Session | undefined, client: Client): void {
    const now = this.#context.environment.now();
    const dueAt = dueTime(waiting, session?.expiryInterval ?? 0, now);
    const record = { ...waiting, dueAt };
    this.#holdUntil(dueAt, record, session, client);
    this.#context.commits.add({ type: 'saveWill', record }, record.payload.length);
  }

  #holdUntil(
    dueAt: number,
    record: WillRecord,
    session: Session | undefined,
    client: Client,
  ): void {
    const will = session === undefined ? this.#make(record, client) : this.#hold(session, record);
    const { environment, deadlines } = this.#context;
    // A clock that was set back must not make it wait longer than its whole delay.
    const inMs = Math.min(Math.max(0, dueAt - environment.now()), record.delayInterval * 1_000);
    deadlines.set(will.deadline, environment.monotonic() + inMs);
  }

  #make(record: WillRecord, client: Client): SessionWill {
    return new SessionWill(record, client, (will) => {
      if (!this.#isClosed) void this.#publish(will);
    });
  }

  #release(session: Session): SessionWill | undefined {
    const will = session.will;
    if (will === undefined) return undefined;
    session.will = undefined;
    this.#context.deadlines.clear(will.deadline);
    return will;
  }

  #publish(will: SessionWill): void | Promise<void> {
    const publishing = this.#ask(will);
    if (!(publishing instanceof Promise)) return;
    const { session } = will.record;
    const before = this.#pending.get(session)?.publishing;
    this.#pending.set(session, will);
    will.publishing = publishing
      .then(() => before)
      .finally(() => {
        if (this.#pending.get(session) === will) this.#pending.delete(session);
      });
    return will.publishing;
  }

  #ask(will: SessionWill): void | Promise<void> {
    const { record, client } = will;
    const hooks = this.#context.scopes.hooksOf(client);
    const publisher = { client, hooks };
    const { clientId, topic, payload, qos, properties } = record;
    // It may be from a time when there were retained messages.
    const retain = record.retain && this.#context.features.retain;
    const message = this.#publishing.message(clientId, topic, payload, qos, retain, properties);
    const allowed = hooks.authorizePublish?.({ client, message, isWill: true });
    return andThen(allowed, (verdict) => {
      if (verdict?.allowed === false) {
        this.#drop(will, message, DropReason.notAuthorized);
        return;
      }
      return andThen(hooks.will?.({ client, message }), (event) => {
        if (event !== undefined && isDrop(event)) {
          this.#drop(will, message, DropReason.hook);
          return;
        }
        const changed = RoutedMessage.of(event?.message ?? message);
        // After a crash before its commit it is due again.
        changed.mayRepeat = changed.qos === 2;
        return andThen(this.#publishing.retention(changed, publisher), (retained) => {
          const receivers = this.#publishing.accept(changed, retained, publisher);
          // With the message in one commit: after a crash it is published or still due, never neither.
          if (typeof receivers !== 'number') return receivers.finished(() => this.#forget(will));
          this.#forget(will);
        });
      });
    });
  }

  #drop(will: SessionWill, message: RoutedMessage, reason: DropReason): void {
    this.#context.dropped(message, undefined, reason);
    this.#forget(will);
  }

  #forget({ record: { session } }: SessionWill): void {
    this.#context.commits.add({ type: 'removeWill', session });
  }
}

function dueTime(record: WillRecord, expiryInterval: number, now: number): number {
  const life = expiryInterval === neverExpires ? Infinity : expiryInterval;
  return now + Math.min(record.delayInterval, life) * 1_000;
}
