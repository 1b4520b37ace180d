import type { ConnectionEnd } from './connection-end.ts';
import type { DropReason } from './message.ts';
import type { OverloadLevel } from './overload-level.ts';

/** Counters of a broker since it was created, live: they only grow, except the gauges. */
export interface BrokerStats {
  /** Gauge: connections that are open, with or without CONNECT. */
  readonly connections: number;
  /** Gauge: clients whose CONNECT was accepted. */
  readonly clients: number;
  /** The most that `clients` ever was. */
  readonly clientsMaximum: number;
  /** Gauge: sessions, connected or not. */
  readonly sessions: number;
  /** Gauge: subscriptions of clients and of the application. */
  readonly subscriptions: number;
  /** Gauge: retained messages, and so topics that have one. */
  readonly retainedMessages: number;
  /** Gauge: bytes of their topics, payloads and properties. */
  readonly retainedBytes: number;
  /** Gauge: QoS 1 and 2 messages of all sessions that are not acknowledged: in flight or waiting. */
  readonly queuedMessages: number;
  /** Gauge: those of them that were sent on a connection that is open. */
  readonly inflightMessages: number;
  /** Gauge: bytes of memory that count, as they were when it was looked at last; 0 before that. */
  readonly memoryBytes: number;
  /** How many of them the broker may have. */
  readonly maxMemoryBytes: number;
  /** Gauge: what the broker does about it. */
  readonly overload: OverloadLevel;
  /** Gauge: clients that are hardly read from, since the memory is short. */
  readonly heldClients: number;
  /** How often the memory became short. */
  readonly overloadsTotal: number;
  readonly connectionsTotal: number;
  /** CONNECTs that were accepted. */
  readonly clientsTotal: number;
  /** Connections that ended before their CONNECT was accepted: the sum of `refused`. */
  readonly refusedTotal: number;
  /** Sessions that ended because their time was over. */
  readonly sessionsExpired: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Packets of any kind. */
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** PUBLISH packets, repeated ones included. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Connections that ended before their CONNECT was accepted, by reason; every reason is there. */
  readonly refused: ReadonlyMap<ConnectionEnd, number>;
  /** Connections of clients that ended, by reason; every reason is there. */
  readonly closed: ReadonlyMap<ConnectionEnd, number>;
  /** Messages that did not reach a receiver, by reason; every reason is there. */
  readonly dropped: ReadonlyMap<DropReason, number>;
}
