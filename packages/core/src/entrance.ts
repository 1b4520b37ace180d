import { Duplex } from 'node:stream';
import { ReasonCode } from '@sluice/packet';
import { BrokerError, ConnectionEnd, type ConnectionInfo } from '@sluice/plugin';
import { andThen } from './base/and-then.ts';
import { Members } from './base/members.ts';
import { nextTurn } from './base/next-turn.ts';
import { AddressCounts, countedAddress } from './connection/address-counts.ts';
import { Connection } from './connection/connection.ts';
import { describeConnection, sendAtOnce } from './connection/connection-info.ts';
import { Departures } from './connection/departures.ts';
import { DuplexPort } from './connection/duplex-port.ts';
import type { Parts } from './connection/parts.ts';
import { SocketReads } from './connection/socket-reads.ts';
import type { ResolvedCloseOptions } from './context/close-options.ts';
import type { Limits } from './context/options.ts';
import type { ScopeTerms } from './context/scopes.ts';
import { handlePacket } from './handlers/packet.ts';

/** What closing connections may hold one turn of the event loop. */
const maxClosingMs = 2;

/** Where streams come in, of the broker itself or of one of its scopes, and the connections made of them. */
export class Entrance {
  readonly #parts: Parts;
  readonly #scope: ScopeTerms;
  /** Of the broker, which counts the connections of its scopes, too. */
  readonly #outer: Entrance | undefined;
  /** This one, and that of the broker if it is another one. */
  readonly #all: readonly Entrance[];
  /** Of the broker and its scopes together. */
  readonly #connections: Members<Connection>;
  /** As those, but their streams are gone: a hook or a commit holds up what came before. */
  readonly #leaving: Set<Connection>;
  /** Of the broker and its scopes together. */
  readonly #addresses: AddressCounts;
  readonly #socketReads: SocketReads;
  readonly #departures: Departures;
  /** Its own connections; of the broker all. */
  #count = 0;
  #onEmpty: (() => void) | undefined;
  #closed = false;

  constructor(parts: Parts, scope: ScopeTerms, outer?: Entrance) {
    this.#parts = parts;
    this.#scope = scope;
    this.#outer = outer;
    this.#all = outer === undefined ? [this] : [this, outer];
    this.#connections = outer === undefined ? new Members() : outer.#connections;
    this.#leaving = outer === undefined ? new Set() : outer.#leaving;
    this.#addresses = outer === undefined ? new AddressCounts() : outer.#addresses;
    this.#socketReads =
      outer === undefined ? new SocketReads(parts.context.readMemory) : outer.#socketReads;
    this.#departures = outer === undefined ? new Departures(parts.context) : outer.#departures;
    if (outer === undefined) parts.context.overload.watch(new Loads(this.#connections));
  }

  /** Makes a connection of a stream. */
  handle(stream: Duplex, info: Partial<ConnectionInfo> | undefined): void {
    if (!(stream instanceof Duplex)) {
      throw new BrokerError('SLUICE_STREAM', 'handle takes a stream.Duplex.');
    }
    const { context } = this.#parts;
    const id = context.environment.newId();
    const described = describeConnection(id, stream, info, this.#scope.name);
    const exceeded = this.#exceeded(described);
    if (this.isClosed || exceeded !== undefined) {
      this.#turnAway(stream, described, exceeded);
      return;
    }
    context.stats.connections++;
    context.stats.connectionsTotal++;
    sendAtOnce(stream);
    context.scopes.entered(described, this.#scope);
    const port = new DuplexPort(stream, this.#socketReads, this.#departures);
    const connection = new Connection(port, described, this.#parts, this.#scope, handlePacket);
    this.#add(connection);
    // Not every stream tells that it is closed, or ever is: destroying it has to do, which comes in time.
    connection.onGone = () => this.#remove(connection);
    if (stream.closed) connection.onGone();
    else stream.on('close', connection.onGone);
    const verdict = this.#scope.hooks.connection?.({ connection: described });
    void andThen(verdict, (answer) => {
      if (answer?.allowed === false) connection.close(answer.reasonCode, 'refused by a hook');
      else if (answer?.grant !== undefined) connection.grant(answer.grant.limits);
      port.open(connection);
    });
  }

  /** From now on nobody comes in. */
  get isClosed(): boolean {
    return this.#closed || this.#outer?.isClosed === true;
  }

  get isFull(): boolean {
    if (this.#count >= this.#scope.limits.maxConnections) return true;
    return this.#outer?.isFull === true;
  }

  /** The CONNECT of a connection was accepted. */
  admitted({ remoteAddress }: ConnectionInfo): void {
    if (remoteAddress !== undefined) this.#addresses.known(countedAddress(remoteAddress));
  }

  /** Ends all connections. Settles when every stream is closed, or when their grace is over. */
  async close({ graceMs, serverReference }: ResolvedCloseOptions): Promise<void> {
    this.#closed = true;
    const reasonCode =
      serverReference === undefined ? ReasonCode.serverShuttingDown : ReasonCode.useAnotherServer;
    const { environment } = this.#parts.context;
    let began = environment.monotonic();
    for (const connection of this.#own(this.#connections)) {
      connection.close(reasonCode, 'the broker is closing', serverReference);
      if (environment.monotonic() < began + maxClosingMs) continue;
      await nextTurn(environment);
      began = environment.monotonic();
    }
    // Their streams are closed, and what they leave behind is still to be stored.
    while (this.#departures.areBusy) await nextTurn(environment);
    for (const connection of this.#own(this.#leaving)) {
      connection.close(reasonCode, 'the broker is closing');
    }
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = environment.setTimer(resolve, graceMs);
      this.#onEmpty = () => {
        environment.clearTimer(timer);
        resolve();
      };
    });
    for (const connection of this.#own(this.#connections)) connection.destroy();
  }

  /** Its own of these, at this moment. */
  #own(connections: Iterable<Connection>): Connection[] {
    const all = [...connections];
    return this.#outer === undefined ? all : all.filter(({ hooks }) => hooks === this.#scope.hooks);
  }

  /** The limit that one more connection would exceed. */
  #exceeded({ remoteAddress }: ConnectionInfo): keyof Limits | undefined {
    if (this.isFull) return 'maxConnections';
    if (remoteAddress === undefined) return undefined;
    const address = countedAddress(remoteAddress);
    const { limits } = this.#parts.context;
    if (this.#addresses.connections(address) >= limits.maxConnectionsPerAddress) {
      return 'maxConnectionsPerAddress';
    }
    return this.#addresses.strangers(address) >= limits.maxUnauthenticatedPerAddress
      ? 'maxUnauthenticatedPerAddress'
      : undefined;
  }

  #turnAway(stream: Duplex, connection: ConnectionInfo, limit: keyof Limits | undefined): void {
    stream.on('error', () => {});
    stream.destroy();
    const { stats } = this.#parts.context;
    stats.connectionsTotal++;
    stats.refuse(this.isClosed ? ConnectionEnd.closing : ConnectionEnd.limit);
    const reasonCode = ReasonCode.serverBusy;
    const message = limit?.endsWith('PerAddress')
      ? 'no more connections of this address'
      : 'no more connections';
    this.#parts.events.refused({ connection, clientId: undefined, reasonCode, message });
    if (this.isClosed || limit === undefined) return;
    this.#scope.hooks.limited?.({ limit, action: 'refused', connection, clientId: undefined });
  }

  #add(connection: Connection): void {
    for (const entrance of this.#all) entrance.#count++;
    this.#connections.add(connection);
    const { remoteAddress } = connection.info;
    if (remoteAddress !== undefined) this.#addresses.opened(countedAddress(remoteAddress));
  }

  #remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    connection.liveness.gone();
    if (!connection.closed) this.#awaitEnd(connection);
    for (const entrance of this.#all) {
      if (--entrance.#count === 0) entrance.#onEmpty?.();
    }
    if (this.#connections.size === 0) this.#parts.context.overload.rest();
    const { info, presence } = connection;
    if (info.remoteAddress === undefined) return;
    if (presence === undefined) this.admitted(info);
    this.#addresses.closed(countedAddress(info.remoteAddress));
  }

  #awaitEnd(connection: Connection): void {
    this.#leaving.add(connection);
    connection.onEnded = () => this.#leaving.delete(connection);
  }
}

/** What the connections of a broker hold. */
class Loads implements Iterable<Connection['traffic']> {
  readonly #connections: Iterable<Connection>;

  constructor(connections: Iterable<Connection>) {
    this.#connections = connections;
  }

  *[Symbol.iterator](): IterableIterator<Connection['traffic']> {
    for (const connection of this.#connections) yield connection.traffic;
  }
}
