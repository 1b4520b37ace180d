import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AcknowledgementPacket,
  type AuthPacket,
  type ConnackPacket,
  Decoder,
  type DisconnectPacket,
  encodePacket,
  isFailure,
  type Packet,
  PacketType,
  type PingrespPacket,
  type ProtocolVersion,
  type PublishPacket,
  packetTypeName,
  type SubackPacket,
  type UnsubackPacket,
} from '@sluice/packet';
import { bytes, toHex } from './bytes.ts';
import { CaseFailure } from './failures.ts';
import { Incoming } from './incoming.ts';
import { type Match, matches, show } from './matching.ts';
import type { Transcript } from './transcript.ts';

/** Packets that a broker sends, by the names that cases use. */
export interface ServerPackets {
  readonly connack: ConnackPacket;
  readonly publish: PublishPacket;
  readonly puback: AcknowledgementPacket;
  readonly pubrec: AcknowledgementPacket;
  readonly pubrel: AcknowledgementPacket;
  readonly pubcomp: AcknowledgementPacket;
  readonly suback: SubackPacket;
  readonly unsuback: UnsubackPacket;
  readonly pingresp: PingrespPacket;
  readonly disconnect: DisconnectPacket;
  readonly auth: AuthPacket;
}

/** A packet, its bytes, or bytes in hexadecimal: right or wrong. */
export type Sendable = Packet | Uint8Array | string;

/** How a connection may end. */
export interface ClosedHow {
  /** Reason codes that a 5.0 broker may give, if it gives one at all. Any failure by default. */
  readonly codes?: readonly number[];
  /** The packet with the reason must be there, not only the end of the stream. */
  readonly mustSay?: boolean;
  /** Return codes of 3.x with which a CONNECT may be refused. Without it, no CONNACK is allowed. */
  readonly returnCodes?: readonly number[];
  /** Packets that may come before, and do not matter. */
  readonly after?: readonly (keyof ServerPackets)[];
  readonly withinMs?: number;
  /** The statement that is broken otherwise. */
  readonly id?: string;
}

export interface RawClientOptions {
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly label: string;
  readonly transcript: Transcript;
  /** How long an answer may take. */
  readonly patienceMs: number;
  /** Sees every packet before it is sent. */
  readonly onSend?: (packet: Packet) => void;
}

/** A client that does what a case says and nothing on its own: no answer, no check, no order. */
export class RawClient {
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** Its CONNACK, once it was accepted. */
  connack: ConnackPacket | undefined;
  readonly #stream: Duplex;
  readonly #options: RawClientOptions;
  readonly #incoming: Incoming;
  readonly #rawBytes: WeakMap<Packet, Uint8Array> = new WeakMap();

  constructor(stream: Duplex, options: RawClientOptions) {
    this.version = options.version;
    this.clientId = options.clientId;
    this.#stream = stream;
    this.#options = options;
    this.#incoming = new Incoming(stream, options.label, options.transcript);
  }

  /** Writes packets or bytes as one chunk. */
  send(...what: readonly Sendable[]): void {
    this.#write(bytes(...what.map((one) => this.encode(one))));
  }

  /** Writes in pieces, each with a pause behind it, so that they arrive on their own. */
  async sendInPieces(what: Sendable, pieceBytes: number, pauseMs: number = 0): Promise<void> {
    const all = this.encode(what);
    for (let at = 0; at < all.length; at += pieceBytes) {
      this.#write(all.subarray(at, at + pieceBytes));
      await sleep(pauseMs);
    }
  }

  /** Bytes of a packet in the version of this client. */
  encode(what: Sendable): Uint8Array {
    if (typeof what === 'string' || what instanceof Uint8Array) return bytes(what);
    this.#options.onSend?.(what);
    return encodePacket(what, this.version);
  }

  /** The next packet must be of this kind and look like this. */
  async expect<Kind extends keyof ServerPackets>(
    kind: Kind,
    match: Match<ServerPackets[Kind]> = {} as Match<ServerPackets[Kind]>,
    withinMs: number = this.#options.patienceMs,
  ): Promise<ServerPackets[Kind]> {
    const wanted = `${kind.toUpperCase()} ${show(match)}`;
    const packet = await this.receive(withinMs);
    if (packet === undefined) throw new CaseFailure(`${wanted} did not come: ${this.#silence()}`);
    if (packet.type !== PacketType[kind] || !matches(packet, match)) {
      throw new CaseFailure(`${wanted} was expected, but ${describePacket(packet)} came`);
    }
    if (kind === 'connack' && (packet as ConnackPacket).reasonCode === 0) {
      this.connack = packet as ConnackPacket;
    }
    return packet as ServerPackets[Kind];
  }

  /** The first packet of this kind that comes or has come; others stay, in their order. */
  async find<Kind extends keyof ServerPackets>(
    kind: Kind,
    match: Match<ServerPackets[Kind]> = {} as Match<ServerPackets[Kind]>,
    withinMs: number = this.#options.patienceMs,
  ): Promise<ServerPackets[Kind]> {
    const raw = await this.#incoming.take(withinMs, (candidate) => {
      if ((candidate[0] as number) >> 4 !== PacketType[kind]) return false;
      return matches(this.#decode(candidate), match);
    });
    if (raw === undefined) {
      throw new CaseFailure(
        `${kind.toUpperCase()} ${show(match)} did not come: ${this.#silence()}`,
      );
    }
    return this.#decode(raw) as ServerPackets[Kind];
  }

  /** The next packet, or undefined if none comes. */
  async receive(withinMs: number = this.#options.patienceMs): Promise<Packet | undefined> {
    const raw = await this.#incoming.take(withinMs);
    return raw && this.#decode(raw);
  }

  /** The next packet as bytes. */
  async receiveBytes(withinMs: number = this.#options.patienceMs): Promise<Uint8Array> {
    const raw = await this.#incoming.take(withinMs);
    if (raw === undefined) throw new CaseFailure(`no packet came: ${this.#silence()}`);
    return raw;
  }

  /** Bytes that a packet was decoded from. */
  bytesOf(packet: Packet): Uint8Array {
    return this.#rawBytes.get(packet) ?? bytes();
  }

  /** No packet comes for a while, and the connection stays open. */
  async expectNothing(forMs: number = 300): Promise<void> {
    const packet = await this.receive(forMs);
    if (packet !== undefined) {
      throw new CaseFailure(`nothing was expected, but ${describePacket(packet)} came`);
    }
    if (this.#incoming.isClosed) throw new CaseFailure('the broker closed the connection');
  }

  /**
   * The broker ends the connection: in 5.0 with a reason in CONNACK (before it accepted) or DISCONNECT
   * (after), or without one; in 3.x without a word. Returns the packet with the reason, if there is one.
   */
  async expectClosed(how: ClosedHow = {}): Promise<ConnackPacket | DisconnectPacket | undefined> {
    const withinMs = how.withinMs ?? this.#options.patienceMs;
    const deadline = performance.now() + withinMs;
    let reason: ConnackPacket | DisconnectPacket | undefined;
    for (;;) {
      const packet = await this.receive(Math.max(0, deadline - performance.now()));
      if (packet === undefined) break;
      if (how.after?.some((kind) => PacketType[kind] === packet.type)) continue;
      if (reason !== undefined || !this.#mayEndWith(packet, how)) {
        throw new CaseFailure(
          `the end of the connection was expected, but ${describePacket(packet)} came`,
          how.id,
        );
      }
      reason = packet as ConnackPacket | DisconnectPacket;
    }
    if (!this.#incoming.isClosed) {
      throw new CaseFailure(`the broker kept the connection open for ${withinMs} ms`, how.id);
    }
    if (how.mustSay === true && reason === undefined && this.version === 5) {
      throw new CaseFailure('the broker closed the connection without a reason', how.id);
    }
    return reason;
  }

  /** Bytes of all packets until the broker ends the connection, whatever they are. */
  async bytesUntilClosed(
    withinMs: number = this.#options.patienceMs,
  ): Promise<readonly Uint8Array[]> {
    if (!(await this.#incoming.closed(withinMs))) {
      throw new CaseFailure(`the broker kept the connection open for ${withinMs} ms`);
    }
    const packets: Uint8Array[] = [];
    for (let raw = await this.#incoming.take(0); raw !== undefined; ) {
      packets.push(raw);
      raw = await this.#incoming.take(0);
    }
    return packets;
  }

  /** Cuts the connection without a word. */
  drop(): void {
    this.#options.transcript.note(this.#options.label, 'dropped by the client');
    this.#stream.destroy();
  }

  /** Whether the stream ended in time. */
  closed(withinMs: number = this.#options.patienceMs): Promise<boolean> {
    return this.#incoming.closed(withinMs);
  }

  /** Sends the end of the stream (half close) and nothing else. */
  end(): void {
    this.#stream.end();
  }

  #write(content: Uint8Array): void {
    this.#options.transcript.sent(this.#options.label, content);
    // A broker may close while the case is still talking: what counts is how the case goes on.
    if (this.#stream.writable) this.#stream.write(content);
  }

  #decode(raw: Uint8Array): Packet {
    try {
      const decoder = new Decoder({
        role: 'client',
        maxPacketBytes: 268_435_460,
        protocolVersion: this.version,
        allowControlCharacters: true,
      });
      decoder.push(raw);
      const packet = decoder.next() as Packet;
      this.#rawBytes.set(packet, raw);
      return packet;
    } catch (error) {
      const { message } = error as Error;
      throw new CaseFailure(`the broker sent a wrong packet: ${toHex(raw)} (${message})`);
    }
  }

  #mayEndWith(packet: Packet, { codes, returnCodes }: ClosedHow): boolean {
    const isAccepted = this.connack !== undefined;
    if (packet.type === PacketType.connack) {
      if (isAccepted) return false;
      if (this.version !== 5) return returnCodes?.includes(packet.reasonCode) === true;
      return codes?.includes(packet.reasonCode) ?? isFailure(packet.reasonCode);
    }
    // [MQTT-3.14.0-1]
    if (packet.type !== PacketType.disconnect || !isAccepted || this.version !== 5) return false;
    return codes?.includes(packet.reasonCode) ?? true;
  }

  #silence(): string {
    return this.#incoming.isClosed ? 'the connection was closed' : 'nothing more arrived';
  }
}

function describePacket(packet: Packet): string {
  return `${packetTypeName(packet.type)} ${show({ ...packet, type: undefined, ...payloadOf(packet) })}`;
}

/** A getter of the class that decoded messages have, which a spread does not copy. */
function payloadOf(packet: Packet): object {
  return packet.type === PacketType.publish ? { payload: packet.payload } : {};
}
