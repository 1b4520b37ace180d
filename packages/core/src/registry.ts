import { type ProtocolVersion, ReasonCode, type Will } from '@sluice/packet';
import {
  type Client,
  type ConnectionInfo,
  DropReason,
  type SessionRecord,
  type Snapshot,
} from '@sluice/plugin';
import { andThen } from './and-then.ts';
import type { Context } from './context.ts';
import { Deadline, type DeadlineOwner } from './deadlines.ts';
import type { Router } from './router.ts';
import { neverExpires, Session } from './session.ts';
import { SharedRedelivery } from './shared-redelivery.ts';
import type { Sink } from './sink.ts';
import { Subscription } from './subscription.ts';
import type { Wills } from './wills.ts';

/** An accepted CONNECT, as far as its session is concerned. */
export interface ConnectRequest {
  readonly client: Client;
  readonly cleanStart: boolean;
  /** Seconds, after the broker's own bound. */
  readonly expiryInterval: number;
  readonly will: Will | undefined;
}

const restoredConnection: ConnectionInfo = Object.freeze({
  id: '',
  transport: 'restored',
  remoteAddress: undefined,
  remotePort: undefined,
  listener: undefined,
  certificateName: undefined,
  request: undefined,
});

/** Client identifier to session: begins, resumes, takes over and ends them. */
export class Registry {
  readonly #context: Context;
  readonly #router: Router;
  readonly #wills: Wills;
  readonly #redelivery: SharedRedelivery;
  readonly #sessions: Map<string, Session> = new Map();

  constructor(context: Context, router: Router, wills: Wills) {
    this.#context = context;
    this.#router = router;
    this.#wills = wills;
    this.#redelivery = new SharedRedelivery(context, router);
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  get size(): number {
    return this.#sessions.size;
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** Attaches a connection to its session, all at once: two CONNECTs with one client id cannot interleave. */
  connect(sink: Sink, request: ConnectRequest): { session: Session; sessionPresent: boolean } {
    const { client, cleanStart, expiryInterval, will } = request;
    const resumed = this.#takeOver(client.clientId, cleanStart);
    const session = resumed ?? this.#begin(client, expiryInterval, expiryInterval > 0);
    this.#clearExpiry(session);
    session.client = client;
    session.expiryInterval = expiryInterval;
    session.attach(sink);
    this.#wills.accept(session, will);
    if (session.stored) this.#save(session);
    return { session, sessionPresent: resumed !== undefined };
  }

  /** A connection is gone. Does nothing when another one has taken the session over. */
  disconnect(session: Session, sink: Sink, discardWill: boolean): void {
    if (session.sink !== sink) return;
    session.detach();
    if (discardWill) this.#wills.discard(session);
    else this.#wills.connectionEnded(session);
    if (session.expiryInterval === 0) {
      this.end(session);
      return;
    }
    session.disconnectedAt = this.#context.environment.now();
    this.#save(session);
    this.#expireAfter(session, session.expiryInterval * 1_000);
  }

  /** Ends a session: its will is due, and its state is gone. */
  end(session: Session): void {
    const published = this.#wills.publish(session);
    this.#clearExpiry(session);
    let shares = false;
    for (const subscription of session.subscriptions.values()) {
      this.#router.remove(subscription);
      if (subscription.sharedFilter !== undefined) shares = true;
    }
    this.#context.stats.subscriptions -= session.subscriptions.size;
    session.subscriptions.clear();
    this.#sessions.delete(session.clientId);
    this.#context.stats.sessions--;
    this.#context.stats.drop(DropReason.sessionEnded, session.outbox.size);
    const { number, clientId } = session;
    const forget = (): void => {
      if (!session.stored) return;
      this.#context.commits.add({ type: 'endSession', session: number, clientId });
    };
    // The record of the will goes with the session: not before it is published, else a crash would lose it.
    void andThen(published, () => {
      if (shares) this.#redelivery.run(session, forget);
      else forget();
    });
  }

  /** Puts back what was committed before a restart. */
  restore(snapshot: Pick<Snapshot, 'sessions' | 'subscriptions' | 'received' | 'wills'>): void {
    const byNumber = new Map<number, Session>();
    for (const record of snapshot.sessions) {
      const client = restoredClient(record.clientId, record.identity);
      const session = new Session(
        record.session,
        client,
        record.expiryInterval,
        true,
        this.#context,
      );
      session.disconnectedAt = record.disconnectedAt;
      const wasConnected = record.disconnectedAt === undefined;
      session.outbox.restore(record.nextSequence, record.queued, wasConnected);
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

  /** Ends restored sessions whose time is over, when everything is restored: their wills are messages as any other. */
  resumeExpiry(): void {
    for (const session of this.#sessions.values()) this.#resumeExpiry(session);
  }

  /** The session that a new connection resumes; one that does not survive the takeover ends. */
  #takeOver(clientId: string, cleanStart: boolean): Session | undefined {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return undefined;
    const sink = session.sink;
    const ends = cleanStart || (sink !== undefined && session.expiryInterval === 0);
    if (sink !== undefined) {
      session.detach();
      sink.close(ReasonCode.sessionTakenOver, 'another connection uses the client identifier'); // [MQTT-3.1.4-3]
    }
    const due = ends || (sink !== undefined && session.will?.record.delayInterval === 0);
    if (due) void this.#wills.publish(session);
    else this.#wills.discard(session); // [MQTT-3.1.3-9]
    if (!ends) return session;
    this.end(session);
    return undefined;
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
    };
    this.#context.commits.add({ type: 'saveSession', record });
  }

  #resumeExpiry(session: Session): void {
    const now = this.#context.environment.now();
    if (session.disconnectedAt === undefined) {
      // The broker died under it: its time begins now.
      session.disconnectedAt = now;
      if (session.expiryInterval > 0) this.#save(session);
    }
    const expiresAt = session.disconnectedAt + session.expiryInterval * 1_000;
    if (session.expiryInterval !== neverExpires && expiresAt <= now) this.end(session);
    else this.#expireAfter(session, expiresAt - now);
  }

  #expireAfter(session: Session, inMs: number): void {
    if (session.expiryInterval === neverExpires) return;
    const { environment, deadlines } = this.#context;
    const owner: DeadlineOwner = { onDeadline: () => this.end(session) };
    session.expiry = new Deadline(owner);
    deadlines.set(session.expiry, environment.monotonic() + inMs);
  }

  #clearExpiry(session: Session): void {
    if (session.expiry === undefined) return;
    this.#context.deadlines.clear(session.expiry);
    session.expiry = undefined;
  }
}

function restoredClient(clientId: string, identity: string): Client {
  const protocolVersion: ProtocolVersion = 5;
  return {
    clientId,
    userName: undefined,
    identity,
    attributes: {},
    protocolVersion,
    connection: restoredConnection,
  };
}
