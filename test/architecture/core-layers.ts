/**
 * The layers of core, as `docs/architecture.md` describes them. An import goes down, or stays in its layer;
 * it never goes up, not even for a type. A new file must be entered here.
 */
export const coreLayers: readonly (readonly string[])[] = [
  // 0: what everything else stands on. Knows no session and no connection.
  [
    'and-then.ts',
    'as-error.ts',
    'change-message.ts',
    'commits.ts',
    'context.ts',
    'deadlines.ts',
    'environment.ts',
    'hook-call.ts',
    'hook-decide.ts',
    'hook-events.ts',
    'hook-exchange.ts',
    'hook-observe.ts',
    'hook-runners.ts',
    'hook-select.ts',
    'hook-transform.ts',
    'hooks.ts',
    'limits.ts',
    'message-bytes.ts',
    'options.ts',
    'outage.ts',
    'output-memory.ts',
    'own-bytes.ts',
    'plugins.ts',
    'port.ts',
    'queue-reads.ts',
    'registered-hook.ts',
    'slab.ts',
    'stats.ts',
    'turn.ts',
  ],
  // 1: a session and what it holds; the message it holds; the retained entries that it walks.
  [
    'encoded.ts',
    'inbox.ts',
    'incoming-aliases.ts',
    'outbox-entry.ts',
    'outbox.ts',
    'outbox-owner.ts',
    'outgoing-aliases.ts',
    'queue-window.ts',
    'receiver.ts',
    'replay.ts',
    'retained-cursor.ts',
    'retained-entry.ts',
    'retained-node.ts',
    'routed-message.ts',
    'sequence-ring.ts',
    'session-will.ts',
    'session.ts',
    'sink.ts',
    'stored-body.ts',
    'subscription-table.ts',
    'subscription.ts',
  ],
  // 2: from a topic to its receivers.
  [
    'publishing.ts',
    'retained-messages.ts',
    'retained.ts',
    'route.ts',
    'router.ts',
    'shared-group.ts',
    'shared-groups.ts',
  ],
  // 3: from a client identifier to its session.
  ['registry.ts', 'session-endings.ts', 'shared-redelivery.ts', 'wills.ts'],
  // 4: one stream and the client on it.
  [
    'answers.ts',
    'connack.ts',
    'connection-info.ts',
    'connection.ts',
    'duplex-port.ts',
    'exchange.ts',
    'handlers/acknowledgement.ts',
    'handlers/auth.ts',
    'handlers/connect.ts',
    'handlers/disconnect.ts',
    'handlers/packet.ts',
    'handlers/publish-checks.ts',
    'handlers/publish.ts',
    'handlers/subscribe.ts',
    'handlers/unsubscribe.ts',
    'liveness.ts',
    'output.ts',
    'parts.ts',
    'reading.ts',
    'receiver-encoding.ts',
    'refusal.ts',
  ],
  // 5: what an application holds in its hands.
  [
    'broker.ts',
    'create-broker.ts',
    'index.ts',
    'local-client.ts',
    'local-subscription.ts',
    'replay-to-application.ts',
  ],
];

/** Files of core that may take something of the outside world, and what. */
export const adapters: ReadonlyMap<string, readonly string[]> = new Map([
  // The one place with a clock, timers, randomness and ids.
  ['environment.ts', ['node:crypto', 'hyperid']],
  // The one place that works a stream.
  ['duplex-port.ts', ['node:net', 'node:stream']],
  // Reads addresses and certificates off a stream: a type only.
  ['connection-info.ts', ['node:stream']],
  // The façade is an EventEmitter, and refuses what is no stream.
  ['broker.ts', ['node:events', 'node:stream']],
]);
