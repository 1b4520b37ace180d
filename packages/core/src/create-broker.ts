import { createMatcher } from '@sluice/matcher';
import { TopicCache } from '@sluice/packet';
import { MemoryPersistence } from '@sluice/persistence-memory';
import { BrokerError, type OutgoingMessage, type Snapshot } from '@sluice/plugin';
import { Broker } from './broker.ts';
import { Commits } from './commits.ts';
import { type Context, Numbers } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { HookTable } from './hooks.ts';
import { LocalClient } from './local-client.ts';
import { type BrokerOptions, resolveOptions } from './options.ts';
import { OutputMemory } from './output-memory.ts';
import type { ConnectionEvents } from './parts.ts';
import { setUpPlugins } from './plugins.ts';
import { Publishing } from './publishing.ts';
import { QueueReads } from './queue-reads.ts';
import { Registry } from './registry.ts';
import { RetainedMessages } from './retained-messages.ts';
import { RoutedMessage } from './routed-message.ts';
import { Router } from './router.ts';
import { Stats } from './stats.ts';
import type { Subscription } from './subscription.ts';
import { Turn } from './turn.ts';
import { Wills } from './wills.ts';

/**
 * Opens the persistence, restores what it holds and starts the plug-ins: a broker that exists is ready.
 * Rejects with a BrokerError when an option is wrong or a part cannot start; nothing is left open then.
 */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { plugins, limits, features, environment, allowControlCharacters, onProgress } =
    resolveOptions(options);
  let broker: Broker | undefined;
  const reportError = (error: Error): void => {
    if (broker === undefined) process.emitWarning(error);
    else broker.reportError(error);
  };
  const table = new HookTable({ hookTimeoutMs: limits.hookTimeoutMs, environment, reportError });
  const services = {
    publish: async (message: OutgoingMessage): Promise<void> => running(broker).publish(message),
    disconnect: (clientId: string): boolean => running(broker).disconnect(clientId),
  };
  const provided = await setUpPlugins(plugins, table, services, reportError);
  const persistence = provided.persistence ?? new MemoryPersistence();
  const snapshot = await persistence.open(onProgress === undefined ? {} : { onProgress });
  try {
    const stats = new Stats();
    const hooks = table.runners();
    const turn = new Turn(environment);
    const deadlines = new Deadlines(environment, reportError);
    const commits = new Commits({
      persistence,
      turn,
      environment,
      deadlines,
      maxPendingBytes: limits.maxPendingCommitBytes,
      events: { failed: reportError, recovered: (event) => broker?.emit('recovered', event) },
    });
    const context: Context = {
      environment,
      limits,
      features,
      allowControlCharacters,
      hooks,
      deadlines,
      turn,
      commits,
      persistence,
      queueReads: new QueueReads(persistence, limits.maxDiskReads),
      stats,
      topicCache: new TopicCache(),
      outputMemory: new OutputMemory(),
      numbers: new Numbers(snapshot.nextMessageNumber, snapshot.nextSessionNumber),
      reportError,
      dropped: (message, clientId, reason) => {
        stats.drop(reason);
        hooks.dropped?.({ clientId, message, reason });
      },
    };
    const router = new Router((provided.matcher ?? createMatcher)<Subscription>(), context);
    const retained = new RetainedMessages(context);
    const publishing = new Publishing(context, router, retained);
    const wills = new Wills(context, publishing);
    const registry = new Registry(context, router, wills);
    restore(snapshot, registry, retained);
    broker = new Broker((made) => ({
      parts: {
        context,
        router,
        retained,
        publishing,
        registry,
        wills,
        events: eventsOf(made, context),
      },
      local: new LocalClient(context, router, retained, publishing),
      onClosed: () => table.close(),
    }));
    await hooks.start?.();
    return broker;
  } catch (error) {
    await persistence.close();
    throw error;
  }
}

function restore(snapshot: Snapshot, registry: Registry, retained: RetainedMessages): void {
  // In the order in which a backend reads them.
  registry.restore(snapshot);
  for (const message of snapshot.retained) retained.restore(RoutedMessage.of(message));
  registry.resumeExpiry();
}

/** The life of connections, told to people and to plug-ins. */
function eventsOf(broker: Broker, { hooks }: Context): ConnectionEvents {
  return {
    connected: (event) => {
      hooks.connected?.(event);
      broker.emit('connected', event);
    },
    disconnected: (event) => {
      hooks.disconnected?.(event);
      broker.emit('disconnected', event);
    },
    refused: (event) => broker.emit('refused', event),
  };
}

function running(broker: Broker | undefined): Broker {
  if (broker !== undefined) return broker;
  throw new BrokerError(
    'SLUICE_NOT_STARTED',
    'The broker is not ready during setup: use the hook start, or a later one.',
  );
}
