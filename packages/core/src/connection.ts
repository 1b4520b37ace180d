import {
  Decoder,
  encodePacket,
  noProperties,
  type Packet,
  PacketType,
  ProtocolError,
  type ProtocolVersion,
  type Qos,
  ReasonCode,
} from '@sluice/packet';
import type { Client, ConnectionInfo, DisconnectedEvent } from '@sluice/plugin';
import { Answers } from './answers.ts';
import { asError } from './as-error.ts';
import { writeRefusal } from './connack.ts';
import type { Context } from './context.ts';
import { IncomingAliases } from './incoming-aliases.ts';
import { Liveness } from './liveness.ts';
import { Output } from './output.ts';
import type { Parts } from './parts.ts';
import type { Port, PortOwner } from './port.ts';
import { Reading, ReadingStop } from './reading.ts';
import { ReceiverEncoding } from './receiver-encoding.ts';
import type { Route } from './route.ts';
import type { RoutedMessage } from './routed-message.ts';
import type { Session } from './session.ts';
import type { Sink } from './sink.ts';

/** What a client said of itself in CONNECT, as far as the connection needs it later. */
export interface ClientTerms {
  readonly keepAlive: number;
  readonly sendQuota: number;
  /** Aliases that the broker may use towards the client. */
  readonly topicAliasMaximum: number;
  /** Session Expiry Interval of CONNECT: 0 there forbids another one in DISCONNECT [MQTT-3.14.2-2]. */
  readonly sessionExpiryInterval: number;
}

/** Handles one packet of a client: `handlers/packet.ts`. A promise while a hook takes its time. */
export type PacketHandler = (connection: Connection, packet: Packet) => void | Promise<void>;

/** An enhanced authentication, as the connection holds it: `exchange.ts`. */
export interface PendingExchange {
  /** Whether CONNECT waits for it. */
  readonly isFirst: boolean;
  /** Takes the client's next data. */
  step(method: string | undefined, data: Uint8Array | undefined): void | Promise<void>;
}

/** One stream and the client on it: packets in, answers and deliveries out. */
export class Connection implements PortOwner, Sink {
  readonly info: ConnectionInfo;
  readonly parts: Parts;
  readonly answers: Answers;
  readonly output: Output;
  readonly aliases: IncomingAliases;
  readonly reading: Reading;
  protocolVersion: ProtocolVersion = 4;
  /** Of CONNECT, also while it is not accepted; Infinity when the client has no limit. */
  maximumPacketSize: number = Infinity;
  /** Set from an accepted CONNECT to the end. */
  session: Session | undefined;
  client: Client | undefined;
  terms: ClientTerms | undefined;
  authenticationMethod: string | undefined;
  /** The enhanced authentication that is under way. */
  exchange: PendingExchange | undefined;
  /** The topic that came last, which needs no second check: most clients publish to one. */
  lastTopic = '';
  lastRoute: Route | undefined;
  /** QoS 2 identifiers of an earlier connection, which its quota is not charged for. */
  inheritedHeld = 0;
  readonly #context: Context;
  readonly #port: Port;
  readonly #handlePacket: PacketHandler;
  readonly #decoder: Decoder;
  readonly #liveness: Liveness;
  #encoding: ReceiverEncoding | undefined;
  /** CONNACK with success was written: from here on a client is told why it is disconnected. */
  #acknowledged = false;
  #closed = false;

  constructor(port: Port, info: ConnectionInfo, parts: Parts, handlePacket: PacketHandler) {
    const { context } = parts;
    this.info = info;
    this.parts = parts;
    this.#context = context;
    this.#port = port;
    this.#handlePacket = handlePacket;
    this.#decoder = new Decoder({
      role: 'server',
      maxPacketBytes: Math.min(context.limits.maxConnectPacketBytes, context.limits.maxPacketBytes),
      allowControlCharacters: context.allowControlCharacters,
      topicCache: context.topicCache,
    });
    this.output = new Output(port, context);
    this.answers = new Answers(this, this.output, context);
    this.aliases = new IncomingAliases(context.limits.topicAliasMaximum);
    this.reading = new Reading(this.#decoder, port, context, this);
    this.#liveness = new Liveness(this, context);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get writable(): boolean {
    if (!this.#acknowledged) return false; // [MQTT-3.2.0-1]
    if (this.output.pending <= this.#context.limits.maxOutputBytes) return true;
    this.#liveness.watchStall();
    return false;
  }

  get sendQuota(): number {
    return this.terms === undefined ? 0 : this.terms.sendQuota;
  }

  get pendingBytes(): number {
    return this.output.pending;
  }

  get takenBytes(): number {
    return this.output.taken;
  }

  get readingPaused(): boolean {
    return this.reading.stopped;
  }

  onData(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#context.stats.bytesReceived += chunk.length;
    this.#liveness.heard();
    this.reading.push(chunk);
  }

  onDrain(): void {
    if (this.#closed) return;
    this.reading.resume(ReadingStop.output);
    this.session?.pump();
  }

  onClosed(error: Error | undefined): void {
    this.#liveness.stop();
    this.#context.stats.connections--;
    if (this.#closed) return;
    if (this.client === undefined) {
      this.#refused(0, error?.message ?? 'the stream ended');
      this.#end('network', 0, error, false);
    } else {
      // What came before the end counts, above all a DISCONNECT.
      this.reading.finish(() => {
        this.#liveness.stop();
        this.#end('network', 0, error, false);
      });
    }
  }

  /** A packet of the client; a promise while a hook takes its time. */
  handle(packet: Packet): void | Promise<void> {
    return this.#handlePacket(this, packet);
  }

  /** The peer broke the protocol, or the broker is at fault itself. */
  fail(thrown: unknown): void {
    if (this.#closed) return;
    if (!(thrown instanceof ProtocolError)) {
      this.#context.reportError(asError(thrown));
      this.close(ReasonCode.unspecifiedError, 'the broker failed');
    } else if (this.client !== undefined) {
      this.close(thrown.reasonCode, thrown.message);
    } else {
      const version = this.#decoder.protocolVersion;
      writeRefusal(this.output, version, thrown, this.maximumPacketSize);
      this.#refused(thrown.reasonCode, thrown.message);
      this.#end('broker', thrown.reasonCode, thrown, false);
      this.#finish();
    }
  }

  /** CONNECT is accepted: the session is this connection's. */
  attached(session: Session, client: Client): void {
    this.session = session;
    this.client = client;
    this.inheritedHeld = session.inbox.size;
    this.#context.stats.clients++;
  }

  /** CONNECT is accepted and CONNACK written: deliveries begin. */
  established(): void {
    this.#acknowledged = true;
    this.#encoding = new ReceiverEncoding(
      this.protocolVersion,
      this.terms?.topicAliasMaximum ?? 0,
      this.#context.environment,
    );
    this.#decoder.maxPacketBytes = this.#context.limits.maxPacketBytes;
    this.#liveness.connected(this.terms?.keepAlive ?? 0);
  }

  /** The client sent DISCONNECT. */
  disconnected(reasonCode: ReasonCode, discardWill: boolean): void {
    if (this.client === undefined) this.#refused(reasonCode, 'the client gave up');
    this.#end('client', reasonCode, undefined, discardWill);
    this.#finish();
  }

  close(reasonCode: ReasonCode, message: string, serverReference?: string): void {
    if (this.#closed) return;
    if (this.#acknowledged && this.protocolVersion === 5) {
      const reference = serverReference === undefined ? noProperties : { serverReference };
      const packet = { type: PacketType.disconnect, reasonCode, properties: reference };
      let bytes = encodePacket(
        { ...packet, properties: { ...reference, reasonString: message } },
        5,
      );
      if (bytes.length > this.maximumPacketSize) bytes = encodePacket(packet, 5); // [MQTT-3.14.2-3]
      this.output.append(bytes, 0, bytes.length);
    }
    if (this.client === undefined) this.#refused(reasonCode, message);
    this.#end('broker', reasonCode, undefined, false);
    this.#finish();
  }

  destroy(): void {
    this.#port.destroy();
  }

  publish(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean {
    const encoding = this.#encoding as ReceiverEncoding;
    const encoded = encoding.encode(message, qos, retain, dup, subscriptionIdentifiers);
    if (encoded.size > this.maximumPacketSize) return false;
    encoding.sent(message);
    this.#context.stats.messagesSent++;
    this.output.publish(encoded, packetId);
    return true;
  }

  pubrel(packetId: number): void {
    this.output.acknowledge(PacketType.pubrel, packetId);
  }

  /** Answers PINGREQ. A client that takes no answers is not read from until it does. */
  pingresp(): void {
    this.output.pingresp();
    if (!this.writable) this.reading.stop(ReadingStop.output);
  }

  onAnswered(): void {
    this.reading.resume(ReadingStop.answers);
  }

  #refused(reasonCode: number, message: string): void {
    this.#context.stats.refusedTotal++;
    this.parts.events.refused({
      connection: this.info,
      reasonCode: reasonCode as ReasonCode,
      message,
    });
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
    const { session, client } = this;
    if (session !== undefined) this.parts.registry.disconnect(session, this, discardWill);
    if (client === undefined || session === undefined) return;
    this.#context.stats.clients--;
    if (this.#acknowledged) this.parts.events.disconnected({ client, by, reasonCode, error });
  }

  /** What was written leaves, then the stream closes. */
  #finish(): void {
    this.output.flush();
    this.#liveness.closing();
    this.#port.end();
  }
}
