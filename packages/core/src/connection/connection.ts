import {
  type Decoder,
  type Packet,
  ProtocolError,
  type ProtocolVersion,
  ReasonCode,
} from '@sluice/packet';
import type {
  Client,
  ClientLimits,
  ConnectionInfo,
  DisconnectedEvent,
  LimitedEvent,
} from '@sluice/plugin';
import { asError } from '../base/as-error.ts';
import { limitOf } from '../base/limit-exceeded.ts';
import type { Limits } from '../base/limits.ts';
import type { Member } from '../base/members.ts';
import type { Port, PortOwner } from '../base/port.ts';
import type { Context } from '../context/context.ts';
import type { ScopeTerms } from '../context/scopes.ts';
import { lowerLimits } from '../hooks/client-limits.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { Session } from '../session/session.ts';
import { Answers } from './answers.ts';
import { AuthorizationEnd } from './authorization-end.ts';
import { clientDecoder, connectBytes } from './client-decoder.ts';
import { ClientSink } from './client-sink.ts';
import type { ClientTerms, PendingExchange } from './client-terms.ts';
import { replyVersion, writeRefusal } from './connack.ts';
import { connectionEndOf } from './connection-end.ts';
import { writeGoodbye } from './goodbye.ts';
import { IncomingAliases } from './incoming-aliases.ts';
import { Liveness } from './liveness.ts';
import { Output } from './output.ts';
import type { Parts } from './parts.ts';
import { Presence } from './presence.ts';
import { Reading, ReadingStop } from './reading.ts';
import { Refusal } from './refusal.ts';
import { tracedPort } from './traced-port.ts';
import { TrafficMeter } from './traffic-meter.ts';

/** Handles one packet of a client: `handlers/packet.ts`. A promise while a hook takes its time. */
export type PacketHandler = (connection: Connection, packet: Packet) => void | Promise<void>;

/** One stream and the client on it: packets in, answers and deliveries out. */
export class Connection implements PortOwner, Member {
  place = -1;
  readonly info: ConnectionInfo;
  readonly parts: Parts;
  /** Of the scope that the stream came through, or the broker's own. */
  readonly hooks: HookRunners;
  /** Of the scope, or lower ones that hooks granted. */
  limits: Limits;
  readonly answers: Answers;
  readonly output: Output;
  /** What a session sends through. */
  readonly sink: ClientSink;
  readonly aliases: IncomingAliases;
  readonly reading: Reading;
  protocolVersion: ProtocolVersion = 4;
  /** Of CONNECT, also while it is not accepted; Infinity when the client has no limit. */
  maximumPacketSize: number = Infinity;
  /** What CONNECT calls the client, also while it is not accepted; undefined before. */
  clientId: string | undefined;
  /** Set from an accepted CONNECT to the end. */
  session: Session | undefined;
  client: Client | undefined;
  terms: ClientTerms | undefined;
  authenticationMethod: string | undefined;
  /** The enhanced authentication that is under way. */
  exchange: PendingExchange | undefined;
  /** Those of the last packet that had some: who repeats them sends the same object. */
  checkedProperties: object | undefined;
  /** When the last bytes came: one look at the clock for all packets in them, which is a tenth of what a message costs. */
  receivedAt = 0;
  /** QoS 2 identifiers of an earlier connection, which its quota is not charged for. */
  inheritedHeld = 0;
  readonly liveness: Liveness;
  /** CONNACK with success was written: from here on a client is told why it is disconnected. */
  presence: Presence | undefined;
  onGone: (() => void) | undefined;
  onEnded: (() => void) | undefined;
  readonly traffic: TrafficMeter;
  readonly #context: Context;
  readonly #port: Port;
  readonly #handlePacket: PacketHandler;
  readonly #decoder: Decoder;
  /** The broker ends it, and hooks are asked what to say. */
  #closing = false;
  #closed = false;
  #authorizationEnd: AuthorizationEnd | undefined;

  constructor(
    port: Port,
    info: ConnectionInfo,
    parts: Parts,
    scope: ScopeTerms,
    handlePacket: PacketHandler,
  ) {
    const { context } = parts;
    this.info = info;
    this.parts = parts;
    this.hooks = scope.hooks;
    this.limits = scope.limits;
    this.#context = context;
    this.#port = port;
    this.#handlePacket = handlePacket;
    this.#decoder = clientDecoder(scope.limits, context);
    this.output = new Output(tracedPort(port, this), context);
    this.sink = new ClientSink(this, this.output, context);
    this.traffic = new TrafficMeter(this, context);
    this.answers = new Answers(this, this.output, context);
    this.aliases = new IncomingAliases(this.limits.topicAliasMaximum);
    this.reading = new Reading(this.#decoder, port, context, this);
    this.liveness = new Liveness(this, context);
  }

  get closed(): boolean {
    return this.#closed;
  }

  onData(chunk: Uint8Array): void {
    if (this.#closed || this.#closing) return;
    this.traffic.received(chunk.length);
    this.liveness.heard();
    this.receivedAt = this.#context.environment.now();
    this.reading.push(chunk);
  }

  onDrain(): void {
    if (this.#closed) return;
    this.sink.drained();
    this.reading.resume(ReadingStop.output);
    this.session?.pump();
  }

  onClosed(error: Error | undefined): void {
    this.liveness.stop();
    this.#context.stats.connections--;
    if (this.#closed) this.#port.follow();
    else if (this.client === undefined && !this.reading.isPutOff) this.#left(error);
    // What came before the end counts, above all a DISCONNECT. The peer must not take our end for its answer before.
    else this.reading.finish(() => this.#left(error));
  }

  /** A packet of the client; a promise while a hook takes its time. */
  handle(packet: Packet): void | Promise<void> {
    this.#context.stats.packetsReceived++;
    this.hooks.packetReceived?.({ connection: this.info, client: this.client, packet });
    return this.#closed ? undefined : this.#handlePacket(this, packet);
  }

  /** The peer broke the protocol, or the broker is at fault itself. */
  fail(thrown: unknown): void {
    if (this.#closed) return;
    if (!(thrown instanceof ProtocolError)) {
      this.#context.reportError(asError(thrown));
      this.close(ReasonCode.unspecifiedError, 'the broker failed');
      return;
    }
    const isConnected = this.client !== undefined;
    const limit = limitOf(thrown, this.limits, isConnected);
    if (limit !== undefined) this.limited(limit, isConnected ? 'closed' : 'refused');
    if (isConnected) {
      const { serverReference = undefined } = thrown instanceof Refusal ? thrown : {};
      this.close(thrown.reasonCode, thrown.message, serverReference, thrown);
    } else {
      const version = replyVersion(this.#decoder.protocolVersion, thrown);
      if (version !== 0) this.protocolVersion = version;
      writeRefusal(this.output, version, thrown, this.maximumPacketSize);
      this.#refused('broker', thrown.reasonCode, thrown.message);
      this.#end('broker', thrown.reasonCode, thrown, false);
      this.#finish();
    }
  }

  /** Tells that a limit acts on the client. */
  limited(limit: string, action: LimitedEvent['action']): void {
    this.hooks.limited?.({ limit, action, connection: this.info, clientId: this.client?.clientId });
  }

  /** A hook granted limits, which count where they are lower. */
  grant(limits: ClientLimits | undefined): void {
    this.limits = lowerLimits(this.limits, limits);
    this.checkedProperties = undefined;
    this.#decoder.maxPacketBytes = connectBytes(this.limits);
  }

  /** The client may stay until then, in milliseconds since 1970; as long as it likes when it is undefined. */
  authorizedUntil(at: number | undefined): void {
    if (at === undefined && this.#authorizationEnd === undefined) return;
    this.#authorizationEnd ??= new AuthorizationEnd(this, this.#context);
    this.#authorizationEnd.set(at ?? Infinity);
  }

  /** CONNECT is accepted: the session is this connection's. */
  attached(session: Session, client: Client): void {
    this.session = session;
    this.client = client;
    this.inheritedHeld = session.held;
    session.counters.connected(this.traffic);
    this.#context.stats.accept();
  }

  /** CONNECT is accepted and CONNACK written: deliveries begin. */
  established(): void {
    this.presence = new Presence(this.hooks, this.parts.events);
    this.#port.accepted();
    this.sink.open(this.#context.environment);
    this.#decoder.maxPacketBytes = this.limits.maxPacketBytes;
    this.aliases.maximum = this.limits.topicAliasMaximum;
    this.liveness.connected(this.terms?.keepAlive ?? 0);
  }

  /** The client sent DISCONNECT. */
  disconnected(reasonCode: ReasonCode, discardWill: boolean): void {
    if (this.client === undefined) this.#refused('client', reasonCode, 'the client gave up');
    this.#end('client', reasonCode, undefined, discardWill);
    this.#finish();
  }

  /** The error is that of a peer that broke the protocol. */
  close(reasonCode: ReasonCode, message: string, serverReference?: string, error?: Error): void {
    if (this.#closed || this.#closing) return;
    this.#closing = true;
    const { client, maximumPacketSize } = this;
    if (this.presence !== undefined && client !== undefined && this.protocolVersion === 5) {
      const goodbye = { reasonCode, reasonString: message, serverReference };
      writeGoodbye(this.output, this.hooks, client, goodbye, maximumPacketSize);
      this.sink.shut();
      this.output.flush();
    }
    if (client === undefined) this.#refused('broker', reasonCode, message);
    this.#end('broker', reasonCode, error, false);
    this.#finish();
  }

  destroy(): void {
    this.#port.destroy();
    this.onGone?.();
  }

  onAnswered(): void {
    this.reading.resume(ReadingStop.answers);
  }

  watchStall(): void {
    this.liveness.watchStall();
  }

  #refused(by: DisconnectedEvent['by'], reasonCode: ReasonCode, message: string): void {
    this.#context.stats.refuse(connectionEndOf(by, reasonCode));
    const { info: connection, clientId } = this;
    this.parts.events.refused({ connection, clientId, reasonCode, message });
  }

  /** Nothing of this connection is processed any more; the session goes on by itself. */
  #end(
    by: DisconnectedEvent['by'],
    reasonCode: number,
    error: Error | undefined,
    discardWill: boolean,
  ): void {
    this.#closed = true;
    this.reading.stop(ReadingStop.closed);
    this.answers.clear();
    this.#authorizationEnd?.set(Infinity);
    const { session, client } = this;
    const { registry } = this.parts;
    const isMine = session !== undefined && registry.disconnect(session, this.sink, discardWill);
    if (session !== undefined && client !== undefined) {
      const traffic = session.counters.disconnected(this.traffic, this.traffic.total(by));
      this.#context.stats.close(connectionEndOf(by, reasonCode));
      this.presence?.disconnected({ client, by, reasonCode, error, traffic });
    }
    if (isMine) registry.leave(session);
    this.onEnded?.();
  }

  #left(error: Error | undefined): void {
    // Who sends no more may still take the answers.
    this.output.flush();
    // A hook that was told of them has ended it.
    if (this.#closed) return;
    this.liveness.closing();
    if (this.client === undefined)
      this.#refused('network', 0, error?.message ?? 'the stream ended');
    this.#end('network', 0, error, false);
    this.#port.follow();
  }

  /** What was written leaves, then the stream closes. */
  #finish(): void {
    this.output.flush();
    this.liveness.closing();
    this.#port.end();
  }
}
