import { type BrokerStats, ConnectionEnd, DropReason, type OverloadLevel } from '@sluice/plugin';

/** Counters of a broker since it was created. Read them whenever you like; they only grow, except the gauges. */
export class Stats implements BrokerStats {
  connections = 0;
  clients = 0;
  clientsMaximum = 0;
  sessions = 0;
  subscriptions = 0;
  retainedMessages = 0;
  retainedBytes = 0;
  queuedMessages = 0;
  inflightMessages = 0;
  /** Gauge: bytes that count against `maxMemoryBytes`, when they were last looked at. */
  memoryBytes = 0;
  /** Bytes that the broker may hold: the limit `maxMemoryBytes`, or what it chose itself. */
  maxMemoryBytes = 0;
  /** Gauge: what the broker does about its memory: `none`, `slowing`, `dropping` or `refusing`. */
  overload: OverloadLevel = 'none';
  /** Gauge: clients that are hardly read from, since the memory is short. */
  heldClients = 0;
  /** How often the memory became short. */
  overloadsTotal = 0;
  connectionsTotal = 0;
  clientsTotal = 0;
  refusedTotal = 0;
  sessionsExpired = 0;
  bytesReceived = 0;
  bytesSent = 0;
  packetsReceived = 0;
  packetsSent = 0;
  messagesReceived = 0;
  messagesSent = 0;
  readonly refused: Map<ConnectionEnd, number> = noneOf(ConnectionEnd);
  readonly closed: Map<ConnectionEnd, number> = noneOf(ConnectionEnd);
  readonly dropped: Map<DropReason, number> = noneOf(DropReason);

  drop(reason: DropReason, messages = 1): void {
    increase(this.dropped, reason, messages);
  }

  /** A CONNECT was accepted. */
  accept(): void {
    this.clientsTotal++;
    this.clients++;
    if (this.clients > this.clientsMaximum) this.clientsMaximum = this.clients;
  }

  /** A connection ended before its CONNECT was accepted. */
  refuse(reason: ConnectionEnd): void {
    this.refusedTotal++;
    increase(this.refused, reason);
  }

  /** The connection of a client ended. */
  close(reason: ConnectionEnd): void {
    this.clients--;
    increase(this.closed, reason);
  }
}

/** Adds to the counter of a reason. */
export function increase<Reason>(counts: Map<Reason, number>, reason: Reason, by = 1): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by);
}

function noneOf<Reason>(list: Readonly<Record<string, Reason>>): Map<Reason, number> {
  return new Map(Object.values(list).map((reason) => [reason, 0]));
}
