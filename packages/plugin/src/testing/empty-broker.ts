import type { BrokerServices } from '../services.ts';

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
    publish: async () => {},
    publishTo: async () => false,
    disconnect: () => false,
    reauthorize: async () => {},
    limited: () => {},
    ...services,
  };
}

function nothing<Value>(): AsyncIterator<Value> {
  return { next: async () => ({ done: true, value: undefined }) };
}
