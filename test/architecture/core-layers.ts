/**
 * The layers of core and the rooms in them, as `docs/architecture.md` describes them. A room is a folder of
 * `packages/core/src`; the last one is that folder itself. An import goes down, or stays in its layer; it never goes
 * up, not even for a type.
 */
export const coreLayers: readonly (readonly string[])[] = [
  // 0: what everything else stands on. Knows no session and no connection.
  ['base', 'hooks', 'commits', 'overload', 'context'],
  // 1: a session and what it holds; the message it holds; the retained messages that it walks.
  ['messages', 'outbox', 'retained', 'session'],
  // 2: from a topic to its receivers.
  ['routing'],
  // 3: from a client identifier to its session.
  ['registry'],
  // 4: one stream and the client on it.
  ['connection', 'handlers'],
  // 5: what an application holds in its hands.
  ['services', 'application', '.'],
];

/** Files of core that may take something of the outside world, and what. */
export const adapters: ReadonlyMap<string, readonly string[]> = new Map([
  // The one place with a clock, timers, randomness and ids.
  ['base/environment.ts', ['node:crypto', 'node:perf_hooks', 'node:v8', 'hyperid']],
  // The one place that works a stream.
  ['connection/duplex-port.ts', ['node:net', 'node:stream']],
  // Reads sockets its own way.
  ['connection/socket-reads.ts', ['node:net', 'node:stream']],
  // Tells addresses apart: a function only.
  ['connection/address-counts.ts', ['node:net']],
  // Reads addresses and certificates off a stream: a type only.
  ['connection/connection-info.ts', ['node:stream']],
  // The façade is an EventEmitter, and hands streams on: a type only.
  ['broker.ts', ['node:events', 'node:stream']],
  // Refuses what is no stream.
  ['entrance.ts', ['node:stream']],
  // Hands streams on: a type only.
  ['scope.ts', ['node:stream']],
]);
