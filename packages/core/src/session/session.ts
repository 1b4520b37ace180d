import { type Qos, ReasonCode } from '@sluice/packet';
import { type Client, type DeliveryEvent, DropReason } from '@sluice/plugin';
import type { Deadline } from '../base/deadlines.ts';
import type { Limits } from '../base/limits.ts';
import type { Context } from '../context/context.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import { hasExpired } from '../messages/has-expired.ts';
import { RoutedMessage } from '../messages/routed-message.ts';
import { Outbox } from '../outbox/outbox.ts';
import type { OutboxOwner } from '../outbox/outbox-owner.ts';
import type { Sink } from '../outbox/sink.ts';
import { Inbox } from './inbox.ts';
import { permit } from './permit.ts';
import { type PresenceWatcher, Readiness, type SharingReceiver } from './receiver.ts';
import { type Replay, ReplayQueue } from './replay.ts';
import { SessionCounters } from './session-counters.ts';
import type { SessionWill } from './session-will.ts';
import { SubscriptionTable } from './subscription-table.ts';
import { isBehind, WaitingPublishers } from './waiting-publishers.ts';

export const neverExpires = 0xffff_ffff;

/** The state of a client that the standard calls its session (section 4.1). */
export class Session implements SharingReceiver, OutboxOwner {
  readonly number: number;
  readonly clientId: string;
  /** Whom it belongs to: nobody else resumes it. */
  readonly identity: string;
  /** Whether its state is committed: it was made to outlive its connection. */
  readonly stored: boolean;
  readonly subscriptions: SubscriptionTable = new SubscriptionTable();
  readonly outbox: Outbox;
  /** Seconds. */
  expiryInterval: number;
  /** The last client on it; its connection may be closed. */
  client: Client;
  will: SessionWill | undefined;
  /** Milliseconds since 1970; undefined while connected. */
  disconnectedAt: number | undefined;
  expiry: Deadline | undefined;
  /** Of the scope that its last client came through; those of the broker after a restart. */
  hooks: HookRunners;
  /** What its last client was granted; the limits of the broker after a restart. */
  limits: Limits;
  readonly #context: Context;
  #inbox: Inbox | undefined;
  #counters: SessionCounters | undefined;
  #replays: ReplayQueue | undefined;
  #sink: Sink | undefined;
  /** Only while publishers wait for it. */
  #publishers: WaitingPublishers | undefined;
  /** Its share groups. */
  #watchers: Set<PresenceWatcher> | undefined;

  constructor(
    number: number,
    client: Client,
    expiryInterval: number,
    stored: boolean,
    context: Context,
  ) {
    this.number = number;
    this.clientId = client.clientId;
    this.identity = client.identity;
    this.client = client;
    this.expiryInterval = expiryInterval;
    this.stored = stored;
    this.hooks = context.hooks;
    this.limits = context.limits;
    this.#context = context;
    this.outbox = new Outbox(this, context);
  }

  get inbox(): Inbox {
    this.#inbox ??= new Inbox(this.number, this.stored ? this.#context.commits : undefined);
    return this.#inbox;
  }

  /** QoS 2 identifiers in the inbox, which most sessions never need. */
  get held(): number {
    return this.#inbox === undefined ? 0 : this.#inbox.size;
  }

  /** What is counted for its client; most sessions of a large broker are offline, and have none. */
  get counters(): SessionCounters {
    this.#counters ??= new SessionCounters();
    return this.#counters;
  }

  get hasCounters(): boolean {
    return this.#counters !== undefined;
  }

  /** The connection it is attached to. It also is the generation: what comes from another one is late. */
  get sink(): Sink | undefined {
    return this.#sink;
  }

  get unacknowledged(): number {
    return this.outbox.size;
  }

  get owesAcknowledgements(): boolean {
    return this.outbox.size > 0;
  }

  /** What a share group looks at. */
  readiness(message: RoutedMessage, qos: Qos): Readiness {
    const { authorizeDeliver } = this.hooks;
    // Who is away is asked about when it is back: its rights may be others then, or not known yet.
    if (authorizeDeliver !== undefined && this.isPresent) {
      const event = { client: this.client, message, qos, retain: message.retain };
      if (!authorizeDeliver(event).allowed) return Readiness.none;
    }
    const sink = this.#sink;
    if (qos === 0) {
      if (sink?.writable === true) return Readiness.ready;
      return sink?.isOpen === true && this.#context.slowReceiver === 'pause'
        ? Readiness.busy
        : Readiness.none;
    }
    if (sink === undefined && !this.stored) return Readiness.none;
    if (!this.outbox.hasRoomFor(message)) return Readiness.full;
    if (sink === undefined) return Readiness.offline;
    return sink.writable && this.outbox.idle ? Readiness.ready : Readiness.busy;
  }

  get isPresent(): boolean {
    return this.#sink !== undefined;
  }

  watchPresence(watcher: PresenceWatcher): void {
    this.#watchers ??= new Set();
    this.#watchers.add(watcher);
  }

  unwatchPresence(watcher: PresenceWatcher): void {
    this.#watchers?.delete(watcher);
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.disconnectedAt = undefined;
    for (const watcher of this.#watchers ?? []) watcher.presenceChanged(true);
  }

  detach(): void {
    this.#sink = undefined;
    for (const watcher of this.#watchers ?? []) watcher.presenceChanged(false);
    // What a SUBSCRIBE was answered for is still owed to a session that goes on [MQTT-3.3.1-9].
    if (!this.stored) this.#replays = undefined;
    this.outbox.detach();
    this.#publishers?.end();
    this.#publishers = undefined;
  }

  deliver(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter?: string,
  ): boolean {
    const sink = this.#sink;
    let reason: DropReason | undefined;
    if (sink === undefined && (qos === 0 || !this.stored)) {
      reason = DropReason.offline;
    } else if (qos === 0 && message.mayRepeat) {
      this.#sendOnceDurable(message, retain, subscriptionIdentifiers);
    } else if (qos === 0) {
      reason = this.#sendAtMostOnce(message, retain, subscriptionIdentifiers);
    } else {
      reason = this.outbox.enqueue(message, qos, retain, subscriptionIdentifiers, sharedFilter);
      if (this.#context.slowReceiver === 'pause' && isBehind(this)) this.#holdUp(message, true);
    }
    if (reason === undefined) return true;
    this.#context.dropped(message, this.clientId, reason);
    return false;
  }

  send(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): DropReason | DeliveryEvent | undefined {
    const sink = this.#sink as Sink;
    if (qos === 0 && !sink.writable) {
      const reason = this.#tooSlow(message, sink);
      if (reason !== undefined) return reason;
    }
    const { authorizeDeliver, deliver, delivered } = this.hooks;
    if (authorizeDeliver !== undefined || deliver !== undefined) {
      const event = permit({ client: this.client, message, qos, retain }, this.hooks);
      if (typeof event === 'string') return event;
      message = RoutedMessage.of(event.message);
      retain = event.retain;
      // A hook ended the connection.
      if (sink !== this.#sink) return undefined;
    }
    // Before it is written: its client may leave within the write.
    if (qos > 0 && !dup) this.outbox.begun(packetId);
    if (!sink.publish(message, qos, retain, dup, packetId, subscriptionIdentifiers)) {
      return DropReason.packetTooLarge;
    }
    return delivered === undefined ? undefined : { client: this.client, message, qos, retain };
  }

  tellLimited(isFull: boolean): void {
    const connection = this.#sink === undefined ? undefined : this.client.connection;
    const own = isFull ? 'maxQueuedMessages' : 'maxQueuedBytes';
    const limit = this.#context.overload.isFull ? 'maxMemoryBytes' : own;
    this.hooks.limited?.({
      limit,
      action: 'dropped',
      connection,
      clientId: this.clientId,
    });
  }

  /** Sends retained messages for a new subscription, as fast as the client takes them. */
  replay(replay: Replay): void {
    // While SUBACK waited for its commit the client unsubscribed, or access rules changed [MQTT-3.10.4-2].
    if (replay.isOver) return;
    this.#replays ??= new ReplayQueue(this, this.#context);
    this.#replays.add(replay);
    this.pump();
  }

  /** Stops what `replay` began for a subscription [MQTT-3.10.4-2]. */
  endReplay(requested: string): void {
    this.#replays?.remove(requested);
  }

  /** Goes on with everything that waits for the client: called when it acknowledged or its stream drained. */
  pump(): void {
    this.outbox.pump();
    if (this.#replays?.pump() === true) this.#replays = undefined;
    this.#publishers?.review();
  }

  /** A QoS 0 message finds no room in the output: undefined where it may leave nevertheless. */
  #tooSlow(message: RoutedMessage, sink: Sink): DropReason | undefined {
    const { slowReceiver, overload, environment } = this.#context;
    if (!sink.isOpen) return DropReason.slowReceiver;
    if (slowReceiver === 'pause' && this.#holdUp(message, false)) return undefined;
    if (overload.isDropping) return DropReason.overload;
    if (slowReceiver === 'disconnect') {
      const tooMuch = 'the client does not take what is sent to it';
      environment.defer(() => sink.close(ReasonCode.quotaExceeded, tooMuch));
    }
    return DropReason.slowReceiver;
  }

  /** Makes the publisher of a message wait; false where there is none that could. */
  #holdUp({ publisherId }: RoutedMessage, isQueued: boolean): boolean {
    const publisher = publisherId === '' ? undefined : this.#context.publisher(publisherId);
    if (publisher?.sink === undefined) return false;
    // Acknowledgements that make room may lie behind what it publishes.
    if (isQueued && (publisher === this || publisher.owesAcknowledgements)) return false;
    this.#publishers ??= new WaitingPublishers(this, this.#context);
    this.#publishers.add(publisher.sink);
    return true;
  }

  #sendAtMostOnce(
    message: RoutedMessage,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): DropReason | undefined {
    const sent = this.send(message, 0, retain, false, 0, subscriptionIdentifiers);
    if (typeof sent !== 'object') return sent;
    this.hooks.delivered?.(sent);
    return undefined;
  }

  /** What its publisher may still send again after a crash must not have arrived yet: it is to arrive once. */
  #sendOnceDurable(
    message: RoutedMessage,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): void {
    const sink = this.#sink;
    message.own();
    this.#context.commits.waitForBatch({
      onCommitted: (failure) => {
        if (failure !== undefined) return;
        let reason: DropReason | undefined = DropReason.offline;
        if (sink === this.#sink) {
          reason = hasExpired(message, this.#context.environment.now(), true)
            ? DropReason.expired
            : this.#sendAtMostOnce(message, retain, subscriptionIdentifiers);
        }
        if (reason !== undefined) this.#context.dropped(message, this.clientId, reason);
      },
    });
  }
}
