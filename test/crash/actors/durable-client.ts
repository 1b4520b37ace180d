import {
  type AcknowledgementPacket,
  type ConnectPacket,
  noProperties,
  type Packet,
  PacketType,
  type ProtocolVersion,
} from '@sluice/packet';
import type { PacketConnection } from '../../support/packet-connection.ts';
import type { Life } from '../life.ts';
import type { Report } from '../report.ts';
import { Actor } from './actor.ts';

/** A client with a durable session that keeps its part of the protocol's state over connections. */
export abstract class DurableClient extends Actor {
  protected readonly version: ProtocolVersion;
  protected readonly report: Report;
  #connection: PacketConnection | undefined;
  #hadSession = false;
  #packetId = 0;

  constructor(name: string, version: ProtocolVersion, report: Report) {
    super(name);
    this.version = version;
    this.report = report;
  }

  protected override async visit(life: Life): Promise<void> {
    const connection = await this.#connect(life);
    await this.stay(connection, life);
  }

  /** Until this settles, the client stays on this connection. */
  protected async stay(connection: PacketConnection, _life: Life): Promise<void> {
    await connection.closed;
  }

  protected send(packet: Packet): void {
    this.#connection?.send(packet);
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
  /** Connected; what the server sends is handled from now on. */
  protected abstract resumed(sessionPresent: boolean): void;
  protected abstract handle(packet: Packet): void;

  async #connect(life: Life): Promise<PacketConnection> {
    // Nothing is handled before it is known whether the session is still there.
    const early: Packet[] = [];
    let handle = (packet: Packet): void => void early.push(packet);
    const { connection, connack } = await life.connect(
      connectPacket(this.name, this.version),
      (packet) => handle(packet),
    );
    const { sessionPresent } = connack;
    const isKept = sessionPresent || !this.#hadSession;
    this.report.check(isKept, 'sessions', () => `${this.name} has a session no more`);
    if (!sessionPresent) this.forget();
    this.#hadSession = true;
    // If there was another connection, it was taken over: what it still brings is not read.
    this.#connection = connection;
    handle = (packet) => {
      if (this.#connection === connection) this.handle(packet);
    };
    this.resumed(sessionPresent);
    for (const packet of early) handle(packet);
    return connection;
  }
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
