// A server that breaks a promise on purpose: the checker of kill.test.ts has to notice.
// Arguments: port, directory, and which promise.
import { createServer } from 'node:net';
import { createBroker } from '@sluice/core';
import { level } from '@sluice/persistence-level';
import type { Operation, Persistence, Plugin } from '@sluice/plugin';

const [port, path = '', fault] = process.argv.slice(2);

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

/** Keeps everything but the identifiers of QoS 2 messages that it received. */
function forgetful(store: Persistence): Persistence {
  return {
    open: (options) => store.open(options),
    commit: (operations) => {
      const kept = operations.filter(({ type }) => type !== 'receive' && type !== 'complete');
      if (kept.length > 0) return store.commit(kept);
    },
    readQueue: (session, after, limit) => store.readQueue(session, after, limit),
    close: () => store.close(),
  };
}

const faults: Readonly<Record<string, (store: Persistence) => Persistence>> = {
  'early-answer': (store) => new EarlyAnswer(store),
  forgetful,
};

const breakIt = faults[fault ?? ''];
if (breakIt === undefined) throw new Error(`there is no fault ${fault}`);

const broken: Plugin = {
  name: 'broken-persistence',
  setup: (context) =>
    level({ path }).setup({
      ...context,
      provide: (name, service) =>
        context.provide(
          name,
          name === 'persistence' ? (breakIt(service as Persistence) as never) : service,
        ),
    }),
};

const broker = await createBroker({ plugins: [broken], limits: { maxQueuedMessages: 100_000 } });
createServer(broker.handle).listen(Number(port), '127.0.0.1', () => console.log('ready'));
