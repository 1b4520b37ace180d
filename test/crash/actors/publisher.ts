import { Buffer } from 'node:buffer';
import {
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
} from '@sluice/packet';
import type { Report } from '../report.ts';
import { DurableClient } from './durable-client.ts';

/** A message on its way; PUBREC has come for a released one. */
interface InFlight {
  readonly number: number;
  released: boolean;
}

// Below the receive maximum of any server of these tests.
const maxInFlight = 20;
const unheard = 10;

/** Publishes numbered messages, as many at a time as it may, until it is told to finish. */
export class Publisher extends DurableClient {
  readonly #qos: 1 | 2;
  /** By packet identifier, in the order in which they were sent. */
  readonly #inFlight: Map<number, InFlight> = new Map();
  #next = 0;
  #finishing = false;
  #deaf = false;
  #onAcknowledged: () => void = () => {};

  constructor(version: ProtocolVersion, qos: 1 | 2, report: Report) {
    super(`publisher-${version}-qos-${qos}`, version, report);
    this.#qos = qos;
    report.deliveries.addStream(this.name, qos);
  }

  /** The number of the message that came last. */
  get last(): number {
    return this.#next - 1;
  }

  /** Settles when so many more messages are acknowledged. */
  async acknowledged(count: number): Promise<void> {
    const { deliveries } = this.report;
    const wanted = deliveries.acknowledgedCount(this.name) + count;
    await this.#until(() => deliveries.acknowledgedCount(this.name) >= wanted);
  }

  /** Sends one message more, and settles when all of them are acknowledged. */
  override async satisfied(): Promise<void> {
    this.#finishing = true;
    this.#publish();
    await this.#until(() => this.#inFlight.size === 0);
  }

  /** Sees no more answers on this connection, above all none to the messages that it sends last. */
  goDeaf(): void {
    this.#deaf = true;
    for (let count = 0; count < unheard; count++) this.#publish();
  }

  protected override forget(): void {
    this.#inFlight.clear();
  }

  protected override resumed(): void {
    this.#deaf = false;
    for (const [packetId, { number, released }] of this.#inFlight) {
      if (released) this.acknowledge(PacketType.pubrel, packetId);
      else this.send(this.#packet(packetId, number, true));
    }
    this.#fill();
  }

  protected override handle(packet: Packet): void {
    if (this.#deaf) return;
    if (packet.type === PacketType.pubrec) {
      // It is the broker's from here on: it will never be sent again.
      this.#release(packet.packetId);
      this.acknowledge(PacketType.pubrel, packet.packetId);
    } else if (packet.type === PacketType.puback || packet.type === PacketType.pubcomp) {
      this.#release(packet.packetId);
      this.#inFlight.delete(packet.packetId);
      this.#fill();
    }
  }

  #release(packetId: number): void {
    const message = this.#inFlight.get(packetId);
    if (message === undefined) return;
    message.released = true;
    this.report.deliveries.acknowledged(this.name, message.number);
    this.#onAcknowledged();
  }

  #fill(): void {
    while (!this.#finishing && this.#inFlight.size < maxInFlight) this.#publish();
    this.#onAcknowledged();
  }

  #publish(): void {
    const number = this.#next++;
    const packetId = this.nextPacketId();
    this.report.deliveries.published(this.name, number);
    this.#inFlight.set(packetId, { number, released: false });
    this.send(this.#packet(packetId, number, false));
  }

  #packet(packetId: number, number: number, dup: boolean): PublishPacket {
    return {
      type: PacketType.publish,
      qos: this.#qos,
      retain: false,
      dup,
      topic: `load/${this.name}`,
      packetId,
      properties: noProperties,
      payload: Buffer.from(String(number)),
    };
  }

  async #until(isReached: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onAcknowledged = () => {
        if (isReached()) resolve();
      };
      this.#onAcknowledged();
    });
    this.#onAcknowledged = () => {};
  }
}
