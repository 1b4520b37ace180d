import type { ConnackPacket, ProtocolVersion } from '@sluice/packet';
import type { ConnectionInfo, OutgoingMessage, Plugin, PluginContext } from '@sluice/plugin';
import { onTestFinished } from 'vitest';
import {
  type Broker,
  type BrokerOptions,
  createBroker,
  type Features,
  type Limits,
} from '../../src/index.ts';
import type { ConnectFields } from './packets.ts';
import { memoryStore, type Store } from './stores.ts';
import { TestClient } from './test-client.ts';
import { VirtualEnvironment } from './virtual-environment.ts';
import { WatchedPersistence } from './watched-persistence.ts';

export interface TestBrokerOptions {
  readonly limits?: Partial<Limits>;
  readonly plugins?: readonly Plugin[];
  readonly features?: Partial<Features>;
  /** A memory store by default. */
  readonly store?: Store;
  readonly seed?: number;
  readonly more?: Pick<BrokerOptions, 'queueOverflow' | 'slowReceiver' | 'serverReference'>;
}

/** What a client sends in CONNECT, and how it behaves then. */
export interface ClientFields extends ConnectFields {
  /** 5 by default. */
  readonly version?: ProtocolVersion;
  /** Whether it answers PUBLISH and PUBREL by itself; true by default. */
  readonly acknowledges?: boolean;
}

/** After so many rounds without deferred work, nothing is on its way any more. */
const quietRounds = 4;

const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** A plug-in out of its `setup` alone. */
export function aPlugin(setup: (context: PluginContext) => void, name = 'test'): Plugin {
  return { name, setup };
}

/** A broker in a world where time passes, and deferred work is done, only when the test says so. */
export class TestBroker {
  /** Errors that the broker reported. */
  readonly errors: Error[] = [];
  readonly #options: TestBrokerOptions;
  readonly #store: Store;
  readonly #clients: TestClient[] = [];
  #running: {
    readonly broker: Broker;
    readonly environment: VirtualEnvironment;
    readonly persistence: WatchedPersistence;
  };

  private constructor(
    options: TestBrokerOptions,
    store: Store,
    running: Awaited<ReturnType<typeof run>>,
  ) {
    this.#options = options;
    this.#store = store;
    this.#running = running;
    this.#listen();
  }

  static async start(options: TestBrokerOptions): Promise<TestBroker> {
    const store = options.store ?? memoryStore();
    const made = new TestBroker(options, store, await run(options, store));
    onTestFinished(async () => {
      await made.#running.persistence.close();
    });
    return made;
  }

  get broker(): Broker {
    return this.#running.broker;
  }

  get environment(): VirtualEnvironment {
    return this.#running.environment;
  }

  get persistence(): WatchedPersistence {
    return this.#running.persistence;
  }

  /** A stream handed to the broker, or to one of its scopes; nothing is sent yet. */
  client(
    version: ProtocolVersion = 5,
    info?: Partial<ConnectionInfo>,
    entrance: Pick<Broker, 'handle'> = this.broker,
  ): TestClient {
    const client = new TestClient(version, this);
    this.#clients.push(client);
    entrance.handle(client.stream, info);
    return client;
  }

  /** A client whose CONNECT was accepted. */
  async connect(clientId: string, fields: ClientFields = {}): Promise<TestClient> {
    return (await this.resume(clientId, fields)).client;
  }

  /** A client whose CONNECT was accepted, and the CONNACK. */
  async resume(
    clientId: string,
    { version = 5, acknowledges = true, ...fields }: ClientFields = {},
  ): Promise<{ client: TestClient; connack: ConnackPacket }> {
    const client = this.client(version);
    client.acknowledges = acknowledges;
    const connack = await client.connect({ clientId, ...fields });
    if (connack.reasonCode !== 0) throw new Error(`CONNECT was refused: ${connack.reasonCode}`);
    return { client, connack };
  }

  /** Lets everything happen that needs no time: deferred work, promises, commits, answers of clients. */
  async settle(): Promise<void> {
    const { environment, persistence } = this.#running;
    let busy = true;
    while (busy) {
      environment.runDeferred();
      // Streams and promises go on in ticks; a store that does real work needs turns of the event loop.
      for (let round = 0; round < quietRounds; round++) await nextTick();
      if (persistence.pending > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      busy = environment.deferred > 0 || persistence.pending > 0;
      for (const client of this.#clients) if (client.sendAnswers()) busy = true;
    }
  }

  /** The application publishes, and waits until that is durable. */
  async publish(
    topic: string,
    payload: Uint8Array | string = '',
    fields: Omit<OutgoingMessage, 'topic' | 'payload'> = {},
  ): Promise<void> {
    const published = this.broker.publish({ topic, payload, ...fields });
    await this.settle();
    await published;
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    this.environment.advance(ms);
    await this.settle();
  }

  /** Closes the broker and starts another one over the same store, some time later. */
  async restart(downMs = 0): Promise<void> {
    const closing = this.broker.close();
    await this.settle();
    await closing;
    await this.#runAgain(downMs);
  }

  /** The broker dies as it stands: nothing that it still had to do is done. */
  async crash(downMs = 0): Promise<void> {
    await this.persistence.die();
    await this.#runAgain(downMs);
  }

  /** How many messages were dropped for a reason. */
  dropped(reason: Parameters<Broker['stats']['drop']>[0]): number {
    return this.broker.stats.dropped.get(reason) ?? 0;
  }

  async #runAgain(downMs: number): Promise<void> {
    const startAt = this.environment.now() + downMs;
    for (const client of this.#clients) client.stream.gone = true;
    this.#clients.length = 0;
    // A world of its own, so that nothing of the old broker can go on.
    this.#running = await run(this.#options, this.#store, startAt);
    this.#listen();
    await this.settle();
  }

  #listen(): void {
    this.broker.on('error', (error) => this.errors.push(error));
  }
}

/** A broker in a virtual world, over memory unless there is another store. */
export function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  return TestBroker.start(options);
}

async function run(
  { limits = {}, plugins = [], features = {}, seed = 1, more = {} }: TestBrokerOptions,
  store: Store,
  startAt?: number,
) {
  const environment = new VirtualEnvironment({ seed, ...(startAt !== undefined && { startAt }) });
  const persistence = new WatchedPersistence(store.persistence());
  const provider = aPlugin((context) => context.provide('persistence', persistence), 'store');
  const broker = await createBroker({
    plugins: [provider, ...plugins],
    limits,
    features,
    environment,
    ...more,
  });
  return { broker, environment, persistence };
}
