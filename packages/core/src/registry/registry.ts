import { ReasonCode, type Will } from '@sluice/packet';
import {
  type Client,
  DropReason,
  type EndedEvent,
  type SessionRecord,
  type Snapshot,
} from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import type { Limits } from '../base/limits.ts';
import type { Context } from '../context/context.ts';
import { restoredClient } from '../context/restored-client.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { Sink } from '../outbox/sink.ts';
import type { Router } from '../routing/router.ts';
import { Session } from '../session/session.ts';
import { Subscription } from '../session/subscription.ts';
import { SessionEndings } from './session-endings.ts';
import { SessionExpiry } from './session-expiry.ts';
import { SharedRedelivery } from './shared-redelivery.ts';
import type { Wills } from './wills.ts';

/** An accepted CONNECT, as far as its session is concerned. */
export interface ConnectRequest {
  readonly client: Client;
  /** Seconds, after the broker's own bound. */
  readonly expiryInterval: number;
  readonly will: Will | undefined;
  /** Of the scope that the client came through. */
  readonly hooks: HookRunners;
  /** Those that the client was granted. */
  readonly limits: Limits;
}

type EndReason = EndedEvent['reason'];

/** Client identifier to session: begins, resumes, takes over and ends them. */
export class Registry {
  readonly #context: Context;
  readonly #router: Router;
  readonly #wills: Wills;
  readonly #redelivery: SharedRedelivery;
  readonly #expiry: SessionExpiry;
  readonly #sessions: Map<string, Session> = new Map();
  readonly #endings = new SessionEndings();
  /** Last sessions of client identifiers whose end is on its way to disk. */
  readonly #forgetting: Map<string, number> = new Map();

  constructor(context: Context, router: Router, wills: Wills) {
    this.#context = context;
    this.#router = router;
    this.#wills = wills;
    this.#redelivery = new SharedRedelivery(context, router);
    this.#expiry = new SessionExpiry(context, (session) => this.end(session, 'expired'));
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** Whether a crash could still bring back the last session of a client identifier. */
  isForgetting(clientId: string): boolean {
    return this.#forgetting.has(clientId);
  }

  get size(): number {
    return this.#sessions.size;
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** The session of a client identifier that a CONNECT without Clean Start would resume. */
  resumable(clientId: string): Session | undefined {
    const session = this.#sessions.get(clientId);
    return session === undefined || endsWithConnection(session) ? undefined : session;
  }

  /**
   * Takes a client identifier from the connection that has it, and ends the session that a CONNECT does not resume:
   * the reason says why not. A promise while that end, or the will, takes its time: before it is on its way to disk,
   * nothing may say that it happened.
   */
  makeWay(clientId: string, unwanted: EndReason | undefined): Promise<void> | undefined {
    const ending = this.#endings.of(clientId);
    if (ending !== undefined) return ending;
    this.#takeOver(clientId, unwanted);
    return this.#endings.of(clientId);
  }

  /** Attaches a connection to its session, after `makeWay`. */
  connect(sink: Sink, request: ConnectRequest): { session: Session; sessionPresent: boolean } {
    const { client, expiryInterval, will } = request;
    const resumed = this.#sessions.get(client.clientId);
    const session = resumed ?? this.#begin(client, expiryInterval, expiryInterval > 0);
    this.#expiry.stop(session);
    session.client = client;
    session.hooks = request.hooks;
    session.limits = request.limits;
    session.expiryInterval = expiryInterval;
    session.attach(sink);
    this.#wills.accept(session, will);
    if (session.stored) this.#save(session);
    return { session, sessionPresent: resumed !== undefined };
  }

  /** A connection is gone, and its will is decided. False when another one has taken the session over. */
  disconnect(session: Session, sink: Sink, discardWill: boolean): boolean {
    if (session.sink !== sink) return false;
    session.detach();
    if (discardWill) this.#wills.discard(session);
    else this.#wills.connectionEnded(session);
    return true;
  }

  /** After `disconnect`, when everybody was told: the session ends or goes on by itself. */
  leave(session: Session): void {
    if (session.sink !== undefined || !this.#has(session)) return;
    if (session.expiryInterval === 0) this.end(session, 'disconnected');
    else this.#goOnAlone(session);
  }

  /** Ends a session without a connection: its will is due, and its state is gone. */
  end(session: Session, reason: EndReason): void {
    // A hook was faster.
    if (!this.#has(session)) return;
    const published = this.#wills.publish(session);
    // Or a hook that its will came to.
    if (!this.#has(session)) return;
    this.#expiry.stop(session);
    let shares = false;
    for (const subscription of session.subscriptions.values()) {
      this.#router.remove(subscription);
      if (subscription.sharedFilter !== undefined) shares = true;
    }
    this.#context.stats.subscriptions -= session.subscriptions.size;
    session.subscriptions.clear();
    this.#sessions.delete(session.clientId);
    this.#context.stats.sessions--;
    if (reason === 'expired') this.#context.stats.sessionsExpired++;
    session.outbox.close();
    const { number, clientId } = session;
    const forget = (given: number): void => {
      this.#context.stats.drop(DropReason.sessionEnded, session.outbox.size - given);
      session.outbox.forget();
      if (!session.stored) return;
      const { commits } = this.#context;
      commits.add({ type: 'endSession', session: number, clientId });
      this.#forgetting.set(clientId, number);
      const onCommitted = (): void => {
        if (this.#forgetting.get(clientId) === number) this.#forgetting.delete(clientId);
      };
      commits.wait({ onCommitted });
    };
    // Its will and its queue go with it: not before they are with others, else a crash would lose them.
    const redelivered = andThen(published, () => (shares ? this.#redelivery.run(session) : 0));
    const ended = andThen(redelivered, forget);
    if (ended instanceof Promise) this.#endings.add(clientId, ended);
    session.hooks.ended?.({ client: session.client, reason });
  }

  /** Something of a client is still on its way: who connects with its identifier waits for that. */
  waitFor(clientId: string, done: Promise<void>): void {
    this.#endings.add(clientId, done);
  }

  /** Settles when the last session of a client identifier is on its way to be forgotten; undefined when it is. */
  ending(clientId: string): Promise<void> | undefined {
    return this.#endings.of(clientId);
  }

  /** Puts back what was committed before a restart. */
  restore(snapshot: Pick<Snapshot, 'sessions' | 'subscriptions' | 'received' | 'wills'>): void {
    const byNumber = new Map<number, Session>();
    const { maxSessionExpirySeconds } = this.#context.limits;
    for (const record of snapshot.sessions) {
      const client = restoredClient(record.clientId, record.identity);
      // It may have been lowered since, and who is away does not come to be told.
      const expiryInterval = Math.min(record.expiryInterval, maxSessionExpirySeconds);
      const session = new Session(record.session, client, expiryInterval, true, this.#context);
      session.disconnectedAt = record.disconnectedAt;
      session.outbox.restore(record);
      this.#sessions.set(record.clientId, session);
      byNumber.set(record.session, session);
      this.#context.stats.sessions++;
    }
    for (const record of snapshot.subscriptions) {
      const session = byNumber.get(record.session);
      if (session === undefined) continue;
      const subscription = new Subscription(session, record);
      session.subscriptions.set(record.requested, subscription);
      this.#router.add(subscription);
      this.#context.stats.subscriptions++;
    }
    for (const { session, packetId } of snapshot.received)
      byNumber.get(session)?.inbox.restore(packetId);
    for (const record of snapshot.wills) {
      const session = byNumber.get(record.session);
      this.#wills.restore(record, session, session?.client ?? restoredClient(record.clientId, ''));
    }
  }

  /** Everything is restored, and the plug-ins have started: sessions whose time is over end, and wills are due. */
  resume(): void {
    this.#wills.resume();
    const { environment } = this.#context;
    // Asked once: there may be a hundred thousand sessions.
    const [now, monotonic] = [environment.now(), environment.monotonic()];
    for (const session of this.#sessions.values()) this.#resume(session, now, monotonic);
  }

  /** No session ends by itself any more, and no will is due: plug-ins that have closed cannot be asked. */
  close(): void {
    this.#expiry.close();
    this.#wills.close();
  }

  /** Whether it did not end. */
  #has(session: Session): boolean {
    return this.#sessions.get(session.clientId) === session;
  }

  /** A session that survives is without a connection then; one that does not, ends. */
  #takeOver(clientId: string, unwanted: EndReason | undefined): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    const sink = session.sink;
    const reason = unwanted ?? (endsWithConnection(session) ? 'disconnected' : undefined);
    if (sink !== undefined) {
      session.detach();
      sink.close(ReasonCode.sessionTakenOver, 'another connection uses the client identifier'); // [MQTT-3.1.4-3]
    }
    const will = session.will;
    // One that is not held any more may still be on its way.
    const isDue =
      reason !== undefined ||
      will === undefined ||
      (sink !== undefined && will.record.delayInterval === 0) ||
      will.deadline.at <= this.#context.environment.monotonic();
    const published = isDue ? this.#wills.publish(session) : this.#wills.discard(session); // [MQTT-3.1.3-9]
    if (reason !== undefined) this.end(session, reason);
    else if (published instanceof Promise) {
      // The next will takes the place of its record: not before it is published, else a crash would lose it.
      this.#endings.add(clientId, published);
      if (sink !== undefined && this.#has(session)) this.#goOnAlone(session);
    }
  }

  /** The session outlives its connection, for as long as it was asked to. */
  #goOnAlone(session: Session): void {
    session.disconnectedAt = this.#context.environment.now();
    this.#save(session);
    this.#expiry.begin(session, session.expiryInterval * 1_000);
  }

  /** Resolves when every session that is over is forgotten. */
  flush(): Promise<void> {
    return this.#endings.flush();
  }

  #begin(client: Client, expiryInterval: number, stored: boolean): Session {
    const number = this.#context.numbers.session();
    const session = new Session(number, client, expiryInterval, stored, this.#context);
    this.#sessions.set(client.clientId, session);
    this.#context.stats.sessions++;
    return session;
  }

  #save(session: Session): void {
    const record: SessionRecord = {
      session: session.number,
      clientId: session.clientId,
      identity: session.identity,
      expiryInterval: session.expiryInterval,
      disconnectedAt: session.disconnectedAt,
      sentBefore: session.outbox.sentEnd,
    };
    this.#context.commits.add({ type: 'saveSession', record });
  }

  #resume(session: Session, now: number, monotonic: number): void {
    if (session.disconnectedAt === undefined) {
      // The broker died under it: its time begins now.
      session.disconnectedAt = now;
      if (session.expiryInterval > 0) this.#save(session);
    }
    const leftMs = session.disconnectedAt + session.expiryInterval * 1_000 - now;
    if (!this.#expiry.resume(session, leftMs, monotonic)) this.end(session, 'expired');
  }
}

/** Whether nothing of a session is left when its connection closes. */
function endsWithConnection({ sink, expiryInterval }: Session): boolean {
  return sink !== undefined && expiryInterval === 0;
}
