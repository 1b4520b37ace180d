import { type Packet, PacketType, type PublishPacket } from '@sluice/packet';
import { LoadClient } from './load-client.ts';

const decoder = new TextDecoder();

/** Takes all messages of all publishers, each QoS 2 one once, and says in the ledger what came. */
export class LoadSubscriber extends LoadClient {
  /** What came with the QoS 2 identifiers that wait for PUBREL: it outlives a connection, not the session. */
  readonly #held: Map<number, string> = new Map();
  readonly #newest: Map<string, number> = new Map();
  #onSubscribed: () => void = () => {};
  #onDelivered: () => void = () => {};

  /** Settles when this message of each publisher has come. */
  async reached(numbers: ReadonlyMap<string, number>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onDelivered = () => {
        const missing = [...numbers].some(([name, number]) => this.#newest.get(name) !== number);
        if (!missing) resolve();
      };
      this.#onDelivered();
    });
  }

  protected override forget(): void {
    this.#held.clear();
  }

  protected override async resumed(): Promise<void> {
    const subscribed = new Promise<void>((resolve) => {
      this.#onSubscribed = resolve;
    });
    this.send({
      type: PacketType.subscribe,
      packetId: this.nextPacketId(),
      properties: {},
      subscriptions: [
        {
          filter: 'load/+',
          qos: 2,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        },
      ],
    });
    await Promise.race([subscribed, this.gone()]);
  }

  protected override handle(packet: Packet): void {
    switch (packet.type) {
      case PacketType.publish:
        this.#take(packet);
        break;
      case PacketType.pubrel:
        this.#held.delete(packet.packetId);
        this.acknowledge(PacketType.pubcomp, packet.packetId);
        break;
      case PacketType.suback:
        this.#onSubscribed();
        break;
    }
  }

  #take(packet: PublishPacket): void {
    const { qos, packetId } = packet;
    if (qos === 1) {
      this.#deliver(packet);
      this.acknowledge(PacketType.puback, packetId);
      return;
    }
    const message = `${packet.topic} ${decoder.decode(packet.payload)}`;
    const before = this.#held.get(packetId);
    if (before !== message) {
      this.#held.set(packetId, message);
      this.#deliver(packet);
      if (before !== undefined) {
        this.ledger.broken(
          `${this.name} got ${message} as ${packetId}, which is held for ${before}`,
        );
      }
    } else if (!packet.dup) {
      this.ledger.broken(`${this.name} got ${message} as ${packetId} again, without DUP`); // [MQTT-3.3.1-1]
    }
    this.acknowledge(PacketType.pubrec, packetId);
  }

  #deliver({ topic, payload }: PublishPacket): void {
    const stream = topic.slice('load/'.length);
    const number = Number(decoder.decode(payload));
    this.#newest.set(stream, number);
    this.ledger.delivered(this.name, stream, number);
    this.#onDelivered();
  }
}
