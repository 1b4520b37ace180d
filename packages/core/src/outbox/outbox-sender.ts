import { DropReason } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import { hasExpired } from '../messages/has-expired.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { EntryState, type OutboxEntry, packetIds } from './outbox-entry.ts';
import type { OutboxOwner } from './outbox-owner.ts';
import type { OutboxQueue } from './outbox-queue.ts';
import type { Sink } from './sink.ts';

/** Sends what waits in an outbox, in order and as fast as the client takes it. */
export class OutboxSender {
  readonly #owner: OutboxOwner;
  readonly #queue: OutboxQueue;
  readonly #context: Context;
  #isSending = false;

  constructor(owner: OutboxOwner, queue: OutboxQueue, context: Context) {
    this.#owner = owner;
    this.#queue = queue;
    this.#context = context;
  }

  /** Sends what may be sent now, until the connection is another one. */
  pump(sink: Sink): void {
    // A stream may be answered within the write: what the answer makes room for follows what is being sent.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      this.#pump(sink);
    } finally {
      this.#isSending = false;
    }
  }

  #pump(sink: Sink): void {
    const queue = this.#queue;
    while (sink === this.#owner.sink) {
      if (queue.inflight >= sink.sendQuota || !sink.writable) return; // [MQTT-3.3.4-9]
      const { window, cursor } = queue;
      if (cursor >= window.end) {
        queue.readOn();
        return;
      }
      const entry = window.get(cursor);
      if (entry !== undefined) {
        // A crash may repeat a QoS 1 message, but not a QoS 2 one: that waits for its commit.
        if (entry.qos === 2 && !entry.durable) return;
        // Its packet identifier is that of a message which is not acknowledged.
        if (entry.sequence - window.first >= packetIds) return;
        this.#send(entry, sink);
        // A hook ended the connection: everything begins again with the next one.
        if (sink !== this.#owner.sink) return;
      }
      queue.advance();
    }
  }

  #send(entry: OutboxEntry, sink: Sink): void {
    this.#queue.begin();
    if (entry.released) {
      entry.state = EntryState.released;
      sink.pubrel(entry.packetId);
    } else {
      entry.state = EntryState.sent;
      this.#publish(entry, entry.message as RoutedMessage, sink);
    }
  }

  #publish(entry: OutboxEntry, message: RoutedMessage, sink: Sink): void {
    const { qos, retain, subscriptionIdentifiers, packetId, sequence } = entry;
    const queue = this.#queue;
    const dup = sequence < queue.sentEnd;
    // What was begun does not expire [MQTT-4.3.3-7].
    const canExpire = !(dup && qos === 2);
    const now = this.#context.environment.now();
    const expired = canExpire && hasExpired(message, now, entry.isImmediate);
    const result = expired
      ? DropReason.expired
      : this.#owner.send(message, qos, retain, dup, packetId, subscriptionIdentifiers);
    if (sink !== this.#owner.sink) return;
    if (typeof result === 'string') {
      this.#leaveOut(entry, message, result);
      return;
    }
    const { acknowledged, refused, dropped, delivered } = this.#owner.hooks;
    const isReported = acknowledged !== undefined || refused !== undefined || dropped !== undefined;
    if (isReported) entry.reported = message.own();
    if (!this.#owner.stored) {
      queue.giveBack(message.bytes);
      // Nobody will send it again, unless to another member of its share group.
      if (entry.sharedFilter === undefined) entry.message = undefined;
      else message.own();
    }
    if (typeof result === 'object') delivered?.(result);
  }

  #leaveOut(entry: OutboxEntry, message: RoutedMessage, reason: DropReason): void {
    entry.state = EntryState.waiting;
    this.#queue.end(entry.sequence, entry);
    const { clientId, hooks } = this.#owner;
    this.#context.dropped(message, clientId, reason);
    if (reason === DropReason.expired) hooks.expired?.({ clientId, message });
  }
}
