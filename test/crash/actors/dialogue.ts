import { Buffer } from 'node:buffer';
import {
  type ConnackPacket,
  type ConnectPacket,
  isFailure,
  noProperties,
  type Packet,
  PacketType,
} from '@sluice/packet';
import type { PacketConnection } from '../../support/packet-connection.ts';
import { ConnectionLost, type Life } from '../life.ts';
import { Answers } from './actor.ts';

/** One connection, request by request. Each throws ConnectionLost when the answer does not come. */
export class Dialogue {
  readonly connection: PacketConnection;
  readonly sessionPresent: boolean;
  readonly #answers: Answers;
  #packetId = 0;

  private constructor(
    connection: PacketConnection,
    { sessionPresent }: ConnackPacket,
    answers: Answers,
  ) {
    this.connection = connection;
    this.sessionPresent = sessionPresent;
    this.#answers = answers;
  }

  /** Connects; QoS 1 messages go to `onMessage` and are acknowledged. */
  static async open(
    life: Life,
    packet: ConnectPacket,
    onMessage: (topic: string, payload: string) => void = () => {},
    isDirect = false,
  ): Promise<Dialogue> {
    const answers = new Answers();
    const decoder = new TextDecoder();
    const take = (received: Packet, connection: PacketConnection): void => {
      if (received.type !== PacketType.publish) {
        answers.take(received);
        return;
      }
      onMessage(received.topic, decoder.decode(received.payload));
      const { packetId, qos } = received;
      if (qos === 1) {
        connection.send({
          type: PacketType.puback,
          packetId,
          reasonCode: 0,
          properties: noProperties,
        });
      }
    };
    const { connection, connack } = await life.connect(packet, take, isDirect);
    answers.until(connection);
    return new Dialogue(connection, connack, answers);
  }

  /** Settles when SUBACK came. */
  async subscribe(filter: string): Promise<void> {
    const packetId = this.#nextPacketId();
    this.connection.send({
      type: PacketType.subscribe,
      packetId,
      properties: noProperties,
      subscriptions: [
        { filter, qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 0 },
      ],
    });
    const { reasonCodes } = await this.#answers.next(PacketType.suback, packetId);
    if (reasonCodes.some(isFailure)) throw new Error(`no subscription to ${filter}`);
  }

  /** Settles when UNSUBACK came. */
  async unsubscribe(filter: string): Promise<void> {
    const packetId = this.#nextPacketId();
    this.connection.send({
      type: PacketType.unsubscribe,
      packetId,
      properties: noProperties,
      filters: [filter],
    });
    await this.#answers.next(PacketType.unsuback, packetId);
  }

  /** Publishes with QoS 1; settles when PUBACK came. */
  async publish(topic: string, payload: string, retain = false): Promise<void> {
    const packetId = this.#nextPacketId();
    this.connection.send({
      type: PacketType.publish,
      qos: 1,
      retain,
      dup: false,
      topic,
      packetId,
      properties: noProperties,
      payload: Buffer.from(payload),
    });
    await this.#answers.next(PacketType.puback, packetId);
  }

  /** Settles when the promise does; throws ConnectionLost when the connection ends before. */
  async until(promise: Promise<void>): Promise<void> {
    const lost = this.connection.closed.then(() => {
      throw new ConnectionLost('while waiting');
    });
    lost.catch(() => {});
    await Promise.race([promise, lost]);
  }

  #nextPacketId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    return this.#packetId;
  }
}
