import { DropReason } from '@sluice/plugin';

/** Counters of a broker since it was created. Read them whenever you like; they only grow, except the gauges. */
export class Stats {
  /** Gauge: connections that are open, with or without CONNECT. */
  connections = 0;
  /** Gauge: clients whose CONNECT was accepted. */
  clients = 0;
  /** Gauge: sessions, connected or not. */
  sessions = 0;
  /** Gauge: subscriptions of clients and of the application. */
  subscriptions = 0;
  /** Gauge: retained messages, and so topics that have one. */
  retainedMessages = 0;
  /** Gauge: bytes of their topics, payloads and properties. */
  retainedBytes = 0;
  connectionsTotal = 0;
  /** Connections refused in or before CONNECT. */
  refusedTotal = 0;
  bytesReceived = 0;
  bytesSent = 0;
  messagesReceived = 0;
  messagesSent = 0;
  /** Messages that did not reach a receiver, by reason. */
  readonly dropped: Map<DropReason, number> = new Map(
    Object.values(DropReason).map((reason) => [reason, 0]),
  );

  drop(reason: DropReason, messages = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + messages);
  }
}
