import {
  type AcknowledgementPacket,
  type ConnectPacket,
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
} from '@sluice/packet';
import type { DeliveryLedger } from './delivery-ledger.ts';
import { PacketConnection } from './packet-connection.ts';

/** A client with a durable session that keeps its part of the protocol's state over connections. */
export abstract class LoadClient {
  readonly name: string;
  protected readonly version: ProtocolVersion;
  protected readonly ledger: DeliveryLedger;
  protected connection: PacketConnection | undefined;
  #hadSession = false;
  #packetId = 0;

  constructor(name: string, version: ProtocolVersion, ledger: DeliveryLedger) {
    this.name = name;
    this.version = version;
    this.ledger = ledger;
  }

  /** Connects, and goes on where the last connection stopped. */
  async connect(port: number): Promise<void> {
    // Nothing is handled before it is known whether the session is still there.
    const early: Packet[] = [];
    let handle = (packet: Packet): void => void early.push(packet);
    const { connection, connack } = await PacketConnection.open(
      port,
      connectPacket(this.name, this.version),
      (packet) => handle(packet),
    );
    this.connection = connection;
    if (this.#hadSession && !connack.sessionPresent) {
      this.ledger.broken(`the session of ${this.name} is gone`);
    }
    if (!connack.sessionPresent) this.forget();
    this.#hadSession = true;
    handle = (packet) => this.handle(packet);
    for (const packet of early) handle(packet);
    await this.resumed();
  }

  /** Settles when the connection is gone. */
  async gone(): Promise<void> {
    await this.connection?.closed;
  }

  async end(): Promise<void> {
    await this.connection?.end();
  }

  protected send(packet: Packet): void {
    this.connection?.send(packet);
  }

  protected acknowledge(type: AcknowledgementPacket['type'], packetId: number): void {
    this.send({ type, packetId, reasonCode: 0, properties: noProperties });
  }

  protected nextPacketId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    return this.#packetId;
  }

  /** The session is a new one: what was under way is not any more. */
  protected abstract forget(): void;
  protected abstract resumed(): Promise<void> | void;
  protected abstract handle(packet: Packet): void;
}

function connectPacket(clientId: string, protocolVersion: ProtocolVersion): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion,
    cleanStart: false,
    keepAlive: 0,
    clientId,
    properties: protocolVersion === 5 ? { sessionExpiryInterval: 3_600 } : noProperties,
  };
}
