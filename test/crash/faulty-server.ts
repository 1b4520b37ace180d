// A server that breaks a promise on purpose: the trial has to notice.
// Arguments: the configuration file of a server, and which promise.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createBroker } from '@sluice/core';
import { level } from '@sluice/persistence-level';
import type { Operation, Persistence, Plugin, QueuedMessage } from '@sluice/plugin';
import type { ServerConfig, StoreOptions, TcpListenerOptions } from '@sluice/server';

const [configFile = '', fault = ''] = process.argv.slice(2);

/** Says that a commit is durable some time before it is. */
class EarlyAnswer implements Persistence {
  readonly #store: Persistence;
  #waiting: Operation[] = [];
  #written: Promise<void> = Promise.resolve();

  constructor(store: Persistence) {
    this.#store = store;
    setInterval(() => void this.#write(), 1_000).unref();
  }

  open: Persistence['open'] = (options) => this.#store.open(options);

  commit(operations: readonly Operation[]): void {
    this.#waiting.push(...operations);
  }

  async readQueue(session: number, after: number, limit: number) {
    await this.#write();
    return await this.#store.readQueue(session, after, limit);
  }

  async close(): Promise<void> {
    await this.#write();
    await this.#store.close();
  }

  #write(): Promise<void> {
    this.#written = this.#written.then(async () => {
      const operations = this.#waiting;
      this.#waiting = [];
      if (operations.length > 0) await this.#store.commit(operations);
    });
    return this.#written;
  }
}

/** A store of which one part works differently. */
function changed(store: Persistence, change: Partial<Persistence>): Persistence {
  return {
    open: (options) => store.open(options),
    commit: (operations, durability) => store.commit(operations, durability),
    readQueue: (session, after, limit) => store.readQueue(session, after, limit),
    close: () => store.close(),
    ...change,
  };
}

/** Keeps everything but operations of these types. */
function without(...types: readonly Operation['type'][]): (store: Persistence) => Persistence {
  return (store) =>
    changed(store, {
      commit: (operations, durability) => {
        const kept = operations.filter(({ type }) => !types.includes(type));
        if (kept.length > 0) return store.commit(kept, durability);
      },
    });
}

/** Gives what waits for a client back to front. */
function backwards(store: Persistence): Persistence {
  const swap = (entries: readonly QueuedMessage[]) =>
    entries.map((entry, index) => {
      const other = entries[entries.length - 1 - index];
      return entry.message === undefined || other?.message === undefined
        ? entry
        : { ...entry, message: other.message, qos: other.qos };
    });
  return changed(store, {
    readQueue: async (session, after, limit) => swap(await store.readQueue(session, after, limit)),
  });
}

const faults: Readonly<Record<string, (store: Persistence) => Persistence>> = {
  'early-answer': (store) => new EarlyAnswer(store),
  'no-identifiers': without('receive', 'complete'),
  'no-retained': without('retain'),
  'no-deletions': without('clearRetained'),
  'no-subscriptions': without('subscribe'),
  'no-ends': without('endSession'),
  'no-wills': without('saveWill'),
  'no-sessions': without('saveSession'),
  'no-order': backwards,
};

const breakIt = faults[fault];
if (breakIt === undefined) throw new Error(`there is no fault ${fault}`);

const config = JSON.parse(readFileSync(configFile, 'utf8')) as ServerConfig;
const broken: Plugin = {
  name: 'broken-persistence',
  setup: (context) =>
    level(config.persistence as StoreOptions).setup({
      ...context,
      provide: (name, service) =>
        context.provide(
          name,
          name === 'persistence' ? (breakIt(service as Persistence) as never) : service,
        ),
    }),
};

const broker = await createBroker({ plugins: [broken], limits: config.limits ?? {} });
const listener = config.listeners?.[0] as TcpListenerOptions | undefined;
createServer(broker.handle).listen(listener?.port, '127.0.0.1', () => console.log('ready'));
