import { setTimeout as sleep } from 'node:timers/promises';
import type { ProtocolVersion } from '@sluice/packet';
import type { ConnectionInfo, Plugin } from '@sluice/plugin';
import {
  type Broker,
  type BrokerOptions,
  createBroker,
  type DropReason,
} from '../../packages/core/src/index.ts';
import type { Store } from '../../packages/core/test/support/stores.ts';
import { aPlugin, type ClientFields } from '../../packages/core/test/support/test-broker.ts';
import { TestClient } from '../../packages/core/test/support/test-client.ts';
import { BusyPersistence } from './busy-persistence.ts';
import { ElasticEnvironment } from './elastic-environment.ts';

/** Turns of the event loop without an answer of a client, after which nothing is on its way. */
const quietTurns = 5;
const patienceMs = 60_000;

/** A broker in the real world, and clients in the same process that do what an attack says. */
export class AttackWorld {
  readonly broker: Broker;
  /** Errors that the broker reported. */
  readonly errors: Error[] = [];
  #clients: TestClient[] = [];

  readonly environment: ElasticEnvironment;
  readonly store: Store;
  readonly #persistence: BusyPersistence;

  private constructor(
    broker: Broker,
    environment: ElasticEnvironment,
    store: Store,
    persistence: BusyPersistence,
  ) {
    this.broker = broker;
    this.environment = environment;
    this.store = store;
    this.#persistence = persistence;
    broker.on('error', (error) => this.errors.push(error));
  }

  static async start(
    store: Store,
    limits: NonNullable<BrokerOptions['limits']>,
    plugins: readonly Plugin[],
  ): Promise<AttackWorld> {
    const environment = new ElasticEnvironment();
    const persistence = new BusyPersistence(store.persistence());
    const provider = aPlugin((context) => context.provide('persistence', persistence), 'store');
    const broker = await createBroker({
      plugins: [provider, ...plugins],
      limits,
      environment,
    });
    return new AttackWorld(broker, environment, store, persistence);
  }

  /** A stream handed to the broker; nothing is sent yet. */
  client(version: ProtocolVersion = 5, info?: Partial<ConnectionInfo>): TestClient {
    const client = new TestClient(version, this);
    this.#clients.push(client);
    this.broker.handle(client.stream, info);
    return client;
  }

  /** A client whose CONNECT was accepted. */
  async connect(clientId: string, fields: ClientFields = {}): Promise<TestClient> {
    const { version = 5, acknowledges = true, ...others } = fields;
    const client = this.client(version);
    client.acknowledges = acknowledges;
    const { reasonCode } = await client.connect({ clientId, ...others });
    if (reasonCode !== 0) throw new Error(`CONNECT was refused: ${reasonCode}`);
    return client;
  }

  /** Lets other clients and the broker go on, until nothing is on its way. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      await this.turn();
      if (this.#persistence.isBusy || this.environment.deferred > 0) quiet = 0;
      for (const client of this.#clients) if (client.sendAnswers()) quiet = 0;
    }
  }

  /** One turn of the event loop: what a client that sends in bulk leaves to the others. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits for something that takes time. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`${what}: it did not happen`);
      await this.settle();
      await sleep(5);
    }
  }

  /** How many messages were dropped for a reason. */
  dropped(reason: DropReason): number {
    return this.broker.stats.dropped.get(reason) ?? 0;
  }

  /** The network of every client fails. */
  async dropAll(): Promise<void> {
    for (const { stream } of this.#clients) stream.destroy();
    this.#clients = [];
    await this.settle();
  }
}
