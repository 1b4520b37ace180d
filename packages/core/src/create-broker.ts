import { createMatcher } from '@sluice/matcher';
import { TopicCache } from '@sluice/packet';
import { MemoryPersistence } from '@sluice/persistence-memory';
import type { ConnectionInfo, OpenOptions, Persistence, Snapshot } from '@sluice/plugin';
import { LocalClient } from './application/local-client.ts';
import { asError } from './base/as-error.ts';
import { Deadlines } from './base/deadlines.ts';
import { OutputMemory } from './base/output-memory.ts';
import { ReadMemory } from './base/read-memory.ts';
import { Stats } from './base/stats.ts';
import { Turn } from './base/turn.ts';
import { Broker } from './broker.ts';
import { Commits } from './commits/commits.ts';
import type { ConnectionEvents } from './connection/parts.ts';
import { type Context, Numbers } from './context/context.ts';
import { type BrokerOptions, resolveOptions } from './context/options.ts';
import { QueueReads } from './context/queue-reads.ts';
import { Scopes } from './context/scopes.ts';
import { Entrance } from './entrance.ts';
import { type HookRunners, HookTable } from './hooks/hooks.ts';
import { setUpPlugins } from './hooks/plugins.ts';
import { RoutedMessage } from './messages/routed-message.ts';
import { Overload } from './overload/overload.ts';
import { evictSession } from './registry/evict-session.ts';
import { Inquiries } from './registry/inquiries.ts';
import { Registry } from './registry/registry.ts';
import { Review } from './registry/review.ts';
import { Wills } from './registry/wills.ts';
import { RetainedMessages } from './retained/retained-messages.ts';
import { Publishing } from './routing/publishing.ts';
import { Router } from './routing/router.ts';
import { Subscriptions } from './routing/subscriptions.ts';
import { ScopeList } from './scope.ts';
import { LateBroker } from './services/late-broker.ts';
import { ServiceSet } from './services/service-set.ts';
import type { Session } from './session/session.ts';
import type { Subscription } from './session/subscription.ts';

/**
 * Opens the persistence, restores what it holds and starts the plug-ins: a broker that exists is ready.
 * Rejects with a BrokerError when an option is wrong or a part cannot start; nothing is left open then.
 */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  const resolved = resolveOptions(options);
  const { plugins, limits, environment, onProgress } = resolved;
  let broker: Broker | undefined;
  const reportError = (error: Error): void => {
    if (broker === undefined) process.emitWarning(error);
    else broker.reportError(error);
  };
  const readMemory = new ReadMemory(environment.overwritesReads);
  const table = new HookTable({
    hookTimeoutMs: limits.hookTimeoutMs,
    environment,
    reportError,
    keepsMessages: () => readMemory.mayBeKept(),
  });
  const lateBroker = new LateBroker(table.guard);
  let opened: Persistence | undefined;
  try {
    const provided = await setUpPlugins(plugins, table, {
      broker: lateBroker,
      environment,
      reportError,
    });
    const persistence = provided.persistence ?? new MemoryPersistence();
    const snapshot = await persistence.open(openOptions(onProgress, reportError));
    opened = persistence;
    const stats = new Stats();
    const hooks = table.runners();
    const turn = new Turn(environment, limits.maxTurnMs, reportError, () => readMemory.written());
    const deadlines = new Deadlines(environment, reportError);
    const commits = new Commits({
      persistence,
      turn,
      environment,
      deadlines,
      maxPendingBytes: limits.maxPendingCommitBytes,
      events: { failed: reportError, recovered: (event) => broker?.tell('recovered', event) },
    });
    const context: Context = {
      environment,
      limits,
      features: resolved.features,
      queueOverflow: resolved.queueOverflow,
      slowReceiver: resolved.slowReceiver,
      serverReference: resolved.serverReference,
      overload: new Overload({
        environment,
        deadlines,
        turn,
        stats,
        persistence,
        maxMemoryBytes: limits.maxMemoryBytes,
        changed: (event) => broker?.tell('overload', event),
      }),
      allowControlCharacters: resolved.allowControlCharacters,
      hooks,
      scopes: new Scopes(hooks, limits),
      publishGuard: table.guard,
      deadlines,
      turn,
      commits,
      persistence,
      queueReads: new QueueReads(persistence, limits.maxDiskReads, turn),
      stats,
      topicCache: new TopicCache(),
      outputMemory: new OutputMemory(),
      readMemory,
      numbers: new Numbers(snapshot.nextMessageNumber, snapshot.nextSessionNumber),
      reportError,
      dropped: (message, clientId, reason) => {
        stats.drop(reason);
        const session = registry.get(clientId ?? message?.publisherId ?? '');
        if (clientId === undefined) session?.counters.dropOwn(reason);
        else session?.counters.drop(reason);
        if (message !== undefined) hooksOf(session).dropped?.({ clientId, message, reason });
      },
      publisher: (clientId) => registry.get(clientId),
      evict: ({ clientId, number }, reasonCode, message) => {
        const session = registry.get(clientId);
        if (session?.number === number) evictSession(registry, session, reasonCode, message);
      },
    };
    /** Those of the scope that a client came through last, as long as it has a session. */
    const hooksOf = (session: Session | undefined): HookRunners =>
      context.scopes.isUsed ? (session?.hooks ?? hooks) : hooks;
    const matcher = (provided.matcher ?? createMatcher)<Subscription>();
    const router = new Router(matcher, context, limits.maxReceiversPerTurn);
    const retained = new RetainedMessages(context);
    const publishing = new Publishing(context, router, retained, (clientId) =>
      registry.get(clientId),
    );
    const wills = new Wills(context, publishing);
    const registry = new Registry(context, router, wills);
    restore(snapshot, registry, retained);
    const subscriptions = new Subscriptions(context, router, retained);
    const inquiries = new Inquiries();
    const review = new Review(context, subscriptions, inquiries);
    broker = new Broker((made) => {
      const events = eventsOf(made, (connection) => entrance.admitted(connection));
      const routing = { context, router, retained, publishing, registry, wills };
      const parts = { ...routing, subscriptions, inquiries, review, events };
      const entrance = new Entrance(parts, context.scopes.broker);
      return {
        parts,
        entrance,
        scopes: new ScopeList({ parts, table, entrance, services: lateBroker }),
        local: new LocalClient(context, router, retained, publishing),
        services: new ServiceSet(parts),
        hooks: () => table.statistics(),
        onClosed: () => table.close(),
      };
    });
    lateBroker.started(broker);
    await hooks.start?.();
    registry.resume();
    return broker;
  } catch (error) {
    try {
      await (broker === undefined ? undo(table, opened) : broker.close({ graceMs: 0 }));
    } catch (thrown) {
      reportError(asError(thrown));
    }
    throw error;
  }
}

/** What the application makes of its progress does not keep a store from being opened. */
function openOptions(
  onProgress: BrokerOptions['onProgress'],
  reportError: (error: Error) => void,
): OpenOptions {
  if (onProgress === undefined) return {};
  return {
    onProgress(what, records) {
      try {
        onProgress(what, records);
      } catch (thrown) {
        reportError(asError(thrown));
      }
    },
  };
}

/** Closes what was opened for a broker that never came to be. */
async function undo(table: HookTable, persistence: Persistence | undefined): Promise<void> {
  await table.runners().close?.();
  table.close();
  await persistence?.close();
}

function restore(snapshot: Snapshot, registry: Registry, retained: RetainedMessages): void {
  // In the order in which a backend reads them.
  registry.restore(snapshot);
  for (const message of snapshot.retained) retained.restore(RoutedMessage.of(message));
}

/** The life of connections, told to people. */
function eventsOf(
  broker: Broker,
  admitted: (connection: ConnectionInfo) => void,
): ConnectionEvents {
  return {
    connected: (event) => {
      admitted(event.client.connection);
      broker.tell('connected', event);
    },
    disconnected: (event) => broker.tell('disconnected', event),
    refused: (event) => broker.tell('refused', event),
  };
}
