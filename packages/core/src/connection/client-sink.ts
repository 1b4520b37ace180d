import { PacketType, type ProtocolVersion, type Qos, type ReasonCode } from '@sluice/packet';
import type { Environment } from '../base/environment.ts';
import type { Limits } from '../base/limits.ts';
import type { Stats } from '../base/stats.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Sink } from '../outbox/sink.ts';
import type { ClientTerms } from './client-terms.ts';
import type { Output } from './output.ts';
import { ReceiverEncoding } from './receiver-encoding.ts';

/** The connection, as the half of it that a session sends through sees it. */
interface SinkOwner {
  readonly protocolVersion: ProtocolVersion;
  readonly limits: Limits;
  /** Bytes that the client takes in one packet. */
  readonly maximumPacketSize: number;
  readonly terms: Pick<ClientTerms, 'sendQuota' | 'topicAliasMaximum'> | undefined;
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
  #encoding: ReceiverEncoding | undefined;
  /** Whoever wants to know that too much waits was told. */
  #overflows = false;

  constructor(owner: SinkOwner, output: Output, stats: Stats) {
    this.#owner = owner;
    this.#output = output;
    this.#stats = stats;
  }

  get protocolVersion(): ProtocolVersion {
    return this.#owner.protocolVersion;
  }

  get writable(): boolean {
    if (this.#encoding === undefined) return false; // [MQTT-3.2.0-1]
    if (this.#output.pending <= this.#owner.limits.maxOutputBytes) return true;
    this.#owner.watchStall();
    if (!this.#overflows) {
      this.#overflows = true;
      this.#owner.limited('maxOutputBytes', 'paused');
    }
    return false;
  }

  get sendQuota(): number {
    const { terms } = this.#owner;
    return terms === undefined ? 0 : terms.sendQuota;
  }

  /** CONNACK was written. */
  open(environment: Environment): void {
    const { protocolVersion, terms } = this.#owner;
    const aliases = terms === undefined ? 0 : terms.topicAliasMaximum;
    this.#encoding = new ReceiverEncoding(protocolVersion, aliases, environment);
  }

  /** Everything that was written has left. */
  drained(): void {
    this.#overflows = false;
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
    if (encoded.size > this.#owner.maximumPacketSize) return false;
    encoding.sent(message);
    this.#stats.messagesSent++;
    this.messagesSent++;
    this.#output.publish(encoded, packetId);
    return true;
  }

  pubrel(packetId: number): void {
    this.#output.acknowledge(PacketType.pubrel, packetId);
  }

  close(reasonCode: ReasonCode, message: string, serverReference?: string): void {
    this.#owner.close(reasonCode, message, serverReference);
  }
}
