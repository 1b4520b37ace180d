import { PacketType, type ProtocolVersion, type Qos, type ReasonCode } from '@sluice/packet';
import type { Environment } from '../base/environment.ts';
import type { Limits } from '../base/limits.ts';
import type { Stats } from '../base/stats.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Sink } from '../outbox/sink.ts';
import type { Overload } from '../overload/overload.ts';
import type { ClientTerms } from './client-terms.ts';
import type { Output } from './output.ts';
import { type Reading, ReadingStop } from './reading.ts';
import { ReceiverEncoding } from './receiver-encoding.ts';

/** The most that MQTT has words for (section 1.5.5). */
const largestPacketBytes = 268_435_460;

/** The connection, as the half of it that a session sends through sees it. */
interface SinkOwner {
  readonly closed: boolean;
  readonly protocolVersion: ProtocolVersion;
  readonly limits: Limits;
  /** Bytes that the client takes in one packet. */
  readonly maximumPacketSize: number;
  readonly terms: Pick<ClientTerms, 'sendQuota' | 'topicAliasMaximum'> | undefined;
  readonly reading: Pick<Reading, 'stop' | 'resume'>;
  /** More waits for the client than it should. */
  watchStall(): void;
  limited(limit: keyof Limits, action: 'paused'): void;
  close(reasonCode: ReasonCode, message: string, serverReference?: string): void;
}

/** What a session sends to its client through, from CONNACK on. */
export class ClientSink implements Sink {
  /** PUBLISH packets, repeated ones included. */
  messagesSent = 0;
  readonly #owner: SinkOwner;
  readonly #output: Output;
  readonly #stats: Stats;
  readonly #overload: Pick<Overload, 'maxOutputBytes'>;
  #encoding: ReceiverEncoding | undefined;
  #environment: Environment | undefined;
  #isOpen = false;
  // Of the connection, once it is known: for many receivers each object more to look at counts.
  #sendQuota = 0;
  #maxOutputBytes = 0;
  #maximumPacketSize = 0;
  /** Whoever wants to know that too much waits was told. */
  #overflows = false;
  /** How many wait for something before the client is read further. */
  #holds = 0;

  constructor(
    owner: SinkOwner,
    output: Output,
    { stats, overload }: { stats: Stats; overload: Pick<Overload, 'maxOutputBytes'> },
  ) {
    this.#owner = owner;
    this.#output = output;
    this.#stats = stats;
    this.#overload = overload;
  }

  get protocolVersion(): ProtocolVersion {
    return this.#owner.protocolVersion;
  }

  get writable(): boolean {
    if (!this.#isOpen) return false; // [MQTT-3.2.0-1]
    const { pending } = this.#output;
    const maxOutputBytes = this.#maxOutputBytes;
    if (pending <= maxOutputBytes && pending <= this.#overload.maxOutputBytes) return true;
    this.#owner.watchStall();
    if (!this.#overflows && pending > maxOutputBytes) {
      this.#overflows = true;
      // Not now: a message is about to find its receiver, and a hook may end the connection.
      this.#environment?.defer(() => this.#owner.limited('maxOutputBytes', 'paused'));
    }
    return false;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isGone(): boolean {
    return this.#owner.closed;
  }

  get isHeldBack(): boolean {
    return this.#holds > 0;
  }

  get sendQuota(): number {
    return this.#sendQuota;
  }

  /** CONNACK was written. */
  open(environment: Environment): void {
    const { protocolVersion, terms, limits, maximumPacketSize } = this.#owner;
    const aliases = terms === undefined ? 0 : terms.topicAliasMaximum;
    this.#sendQuota = terms === undefined ? 0 : terms.sendQuota;
    this.#environment = environment;
    this.#maxOutputBytes = limits.maxOutputBytes;
    this.#maximumPacketSize = Math.min(maximumPacketSize, largestPacketBytes);
    this.#encoding = new ReceiverEncoding(protocolVersion, aliases, environment);
    this.#isOpen = true;
  }

  /** DISCONNECT was written, and nothing may follow it [MQTT-3.14.4-1]. */
  shut(): void {
    this.#isOpen = false;
  }

  /** Everything that was written has left. */
  drained(): void {
    this.#overflows = false;
  }

  /** Has the client closed if it takes nothing for too long. */
  checkStall(): void {
    if (this.isOpen && !this.writable) this.#owner.watchStall();
  }

  /** Reads its client no further while it does not take its answers: they would be more and more. */
  answered(): void {
    if (this.#isOpen && !this.writable) this.#owner.reading.stop(ReadingStop.output);
  }

  holdBack(): void {
    if (this.#holds++ === 0) this.#owner.reading.stop(ReadingStop.pressure);
  }

  letGo(): void {
    if (--this.#holds === 0) this.#owner.reading.resume(ReadingStop.pressure);
  }

  sip(): void {
    const { reading } = this.#owner;
    reading.resume(ReadingStop.pressure);
    if (this.#holds > 0) reading.stop(ReadingStop.pressure);
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
    let encoded = encoding.encode(message, qos, retain, dup, subscriptionIdentifiers);
    if (encoded.size <= this.#maximumPacketSize) {
      encoding.sent(message);
    } else {
      const shorter = encoding.encodeByName(message, qos, retain, dup, subscriptionIdentifiers);
      if (shorter === undefined || shorter.size > this.#maximumPacketSize) return false;
      encoded = shorter;
    }
    this.#stats.messagesSent++;
    this.messagesSent++;
    this.#output.publish(encoded, packetId);
    return true;
  }

  pubrel(packetId: number): void {
    this.#output.acknowledge(PacketType.pubrel, packetId);
    this.answered();
  }

  close(reasonCode: ReasonCode, message: string, serverReference?: string): void {
    this.#owner.close(reasonCode, message, serverReference);
  }
}
