import { ConnectionEnd } from '../connection-end.ts';
import { DropReason } from '../message.ts';
import type { BrokerServices } from '../services.ts';
import type { BrokerStats } from '../stats.ts';

/**
 * A broker without sessions, subscriptions and messages, which takes what it is given and forgets it: to set a plug-in
 * up without a real one. What a test wants to see or to answer is given in its place.
 */
export function emptyBroker(services: Partial<BrokerServices> = {}): BrokerServices {
  return {
    sessions: {
      get: () => undefined,
      end: async () => false,
      [Symbol.asyncIterator]: () => nothing<never>(),
    },
    subscriptions: {
      add: async () => false,
      remove: async () => false,
      of: () => [],
      [Symbol.asyncIterator]: () => nothing<never>(),
    },
    retained: {
      get: () => undefined,
      set: async () => {},
      clear: async () => 0,
      iterate: () => ({ [Symbol.asyncIterator]: () => nothing<never>() }),
    },
    stats: noStats(),
    publish: async () => {},
    publishTo: async () => false,
    disconnect: () => false,
    reauthorize: async () => {},
    limited: () => {},
    ...services,
  };
}

function noStats(): BrokerStats {
  return {
    connections: 0,
    clients: 0,
    clientsMaximum: 0,
    sessions: 0,
    subscriptions: 0,
    retainedMessages: 0,
    retainedBytes: 0,
    queuedMessages: 0,
    inflightMessages: 0,
    memoryBytes: 0,
    maxMemoryBytes: 0,
    overload: 'none',
    heldClients: 0,
    overloadsTotal: 0,
    connectionsTotal: 0,
    clientsTotal: 0,
    refusedTotal: 0,
    sessionsExpired: 0,
    bytesReceived: 0,
    bytesSent: 0,
    packetsReceived: 0,
    packetsSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    refused: noneOf(Object.values(ConnectionEnd)),
    closed: noneOf(Object.values(ConnectionEnd)),
    dropped: noneOf(Object.values(DropReason)),
  };
}

function noneOf<Reason>(reasons: readonly Reason[]): ReadonlyMap<Reason, number> {
  return new Map(reasons.map((reason) => [reason, 0]));
}

function nothing<Value>(): AsyncIterator<Value> {
  return { next: async () => ({ done: true, value: undefined }) };
}
