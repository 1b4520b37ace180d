import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { ReasonCode } from '@sluice/packet';
import {
  BrokerError,
  type ConnectedEvent,
  type ConnectionInfo,
  type DisconnectedEvent,
  type OutgoingMessage,
} from '@sluice/plugin';
import { andThen } from './and-then.ts';
import { Connection } from './connection.ts';
import { describeConnection, sendAtOnce } from './connection-info.ts';
import { DuplexPort } from './duplex-port.ts';
import { handlePacket } from './handlers/packet.ts';
import type { LocalClient, SubscribeOptions } from './local-client.ts';
import type { BrokerSubscription, MessageListener } from './local-subscription.ts';
import type { RecoveredEvent } from './outage.ts';
import type { Parts, RefusedEvent } from './parts.ts';
import type { Stats } from './stats.ts';

/** What a broker tells people; hooks are for plug-ins. */
export interface BrokerEvents {
  /** Something failed that no peer is to blame for. Without a listener it becomes a process warning. */
  error: [error: Error];
  connected: [event: ConnectedEvent];
  disconnected: [event: DisconnectedEvent];
  /** A connection ended before its CONNECT was accepted. */
  refused: [event: RefusedEvent];
  /** The persistence commits again, after an `error` SLUICE_PERSISTENCE_FAILED. */
  recovered: [event: RecoveredEvent];
}

export interface CloseOptions {
  /** Milliseconds that clients get to take what is on its way to them. 5,000 by default. */
  readonly graceMs?: number;
  /** Where 5.0 clients should go for the time being (section 4.11): DISCONNECT is 0x9C with it in place of 0x8B. */
  readonly serverReference?: string;
}

/** What a broker is made of. */
interface BrokerInsides {
  readonly parts: Parts;
  readonly local: LocalClient;
  /** Called when the plug-ins have closed. */
  onClosed(): void;
}

const defaultGraceMs = 5_000;

/** An MQTT broker. `createBroker` makes one; a broker that exists is ready. */
export class Broker extends EventEmitter<BrokerEvents> {
  /** Takes any duplex stream; bound, so that it can be a listener: `net.createServer(broker.handle)`. */
  readonly handle: (stream: Duplex, info?: Partial<ConnectionInfo>) => void;
  readonly #parts: Parts;
  readonly #local: LocalClient;
  readonly #onClosed: () => void;
  readonly #connections: Set<Connection> = new Set();
  #onEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(connect: (broker: Broker) => BrokerInsides) {
    super();
    const { parts, local, onClosed } = connect(this);
    this.#parts = parts;
    this.#local = local;
    this.#onClosed = onClosed;
    this.handle = (stream, info) => this.#handle(stream, info);
  }

  get stats(): Stats {
    return this.#parts.context.stats;
  }

  /** Why nothing can be made durable at the moment; undefined while the persistence works. */
  get persistenceFailure(): Error | undefined {
    return this.#parts.context.commits.failure;
  }

  /** Publishes a message of the application: no access rules, but the hook `publish`. Settles when it is durable. */
  publish(message: OutgoingMessage): Promise<void> {
    return this.#closing === undefined ? this.#local.publish(message) : Promise.reject(closed());
  }

  /** Subscribes the application; without a listener, iterate: `for await (const message of broker.subscribe('a/#'))`. */
  subscribe(
    filter: string,
    listener?: MessageListener,
    options?: SubscribeOptions,
  ): BrokerSubscription {
    if (this.#closing !== undefined) throw closed();
    return this.#local.subscribe(filter, listener, options);
  }

  /** Ends the connection of a client with DISCONNECT 0x98; false when it has none. Its session goes on. */
  disconnect(clientId: string): boolean {
    const sink = this.#parts.registry.get(clientId)?.sink;
    sink?.close(ReasonCode.administrativeAction, 'disconnected by the administrator');
    return sink !== undefined;
  }

  /**
   * Ends all connections (5.0 clients get DISCONNECT 0x8B), publishes their wills, commits what is on its way
   * and closes the plug-ins and the persistence. Sessions and retained messages stay. A second call waits for the first.
   * Does not wait for a persistence that fails: what it could not commit was not acknowledged.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Never throws: an `error` nobody listens to must not end the process. */
  reportError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
    else process.emitWarning(error);
  }

  #handle(stream: Duplex, info: Partial<ConnectionInfo> | undefined): void {
    if (!(stream instanceof Duplex)) {
      throw new BrokerError('SLUICE_STREAM', 'broker.handle takes a stream.Duplex.');
    }
    const { context, events } = this.#parts;
    const described = describeConnection(context.environment.newId(), stream, info);
    if (this.#closing !== undefined || this.#connections.size >= context.limits.maxConnections) {
      stream.on('error', () => {});
      stream.destroy();
      const reasonCode = ReasonCode.serverBusy;
      events.refused({ connection: described, reasonCode, message: 'no more connections' });
      return;
    }
    context.stats.connections++;
    context.stats.connectionsTotal++;
    sendAtOnce(stream);
    const port = new DuplexPort(stream);
    const connection = new Connection(port, described, this.#parts, handlePacket);
    this.#connections.add(connection);
    if (stream.closed) this.#forget(connection);
    else stream.once('close', () => this.#forget(connection));
    const verdict = context.hooks.connection?.({ connection: described });
    void andThen(verdict, (answer) => {
      if (answer?.allowed === false) connection.close(answer.reasonCode, 'refused by a hook');
      port.open(connection);
    });
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  async #close({ graceMs = defaultGraceMs, serverReference }: CloseOptions): Promise<void> {
    const { context } = this.#parts;
    const reasonCode =
      serverReference === undefined ? ReasonCode.serverShuttingDown : ReasonCode.useAnotherServer;
    for (const connection of this.#connections) {
      connection.close(reasonCode, 'the broker is closing', serverReference);
    }
    await this.#drained(graceMs);
    await this.#parts.wills.flush();
    await Promise.race([this.#parts.registry.flush(), context.commits.stuck()]);
    await context.commits.flush();
    this.#local.close();
    await context.hooks.close?.();
    await context.commits.flush();
    context.commits.abandon(context.commits.failure ?? closed());
    this.#onClosed();
    context.deadlines.close();
    await context.persistence.close();
  }

  /** Waits until every stream is closed, and then does not wait for those that are not. */
  async #drained(graceMs: number): Promise<void> {
    if (this.#connections.size === 0) return;
    const { environment } = this.#parts.context;
    await new Promise<void>((resolve) => {
      const timer = environment.setTimer(resolve, graceMs);
      this.#onEmpty = () => {
        environment.clearTimer(timer);
        resolve();
      };
    });
    for (const connection of this.#connections) connection.destroy();
  }
}

function closed(): BrokerError {
  return new BrokerError('SLUICE_CLOSED', 'The broker is closed: create another one.');
}
