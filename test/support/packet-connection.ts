import { connect, type Socket } from 'node:net';
import {
  type ConnackPacket,
  type ConnectPacket,
  Decoder,
  encodePacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  ReasonCode,
} from '@sluice/packet';
import { host } from './server-process.ts';

/** A connection to a broker, packet by packet: what is sent and answered is up to its owner. */
export class PacketConnection {
  /** Settles when it is gone, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #version: ProtocolVersion;
  readonly #decoder: Decoder;
  #onPacket: (packet: Packet) => void;

  private constructor(socket: Socket, version: ProtocolVersion, onPacket: (p: Packet) => void) {
    this.#socket = socket;
    this.#version = version;
    this.#onPacket = onPacket;
    this.#decoder = new Decoder({
      role: 'client',
      maxPacketBytes: 1_048_576,
      protocolVersion: version,
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#read(chunk));
  }

  /** Sends CONNECT and waits for the CONNACK; what comes behind it in the same chunk is not missed. */
  static async open(
    port: number,
    packet: ConnectPacket,
    onPacket: (packet: Packet, connection: PacketConnection) => void,
  ): Promise<{ connection: PacketConnection; connack: ConnackPacket }> {
    return await new Promise((resolve, reject) => {
      const connection = new PacketConnection(
        connect({ port, host, noDelay: true }),
        packet.protocolVersion,
        (connack) => {
          if (connack.type !== PacketType.connack || connack.reasonCode !== 0) {
            reject(new Error(`no CONNACK of success, but ${JSON.stringify(connack)}`));
            return;
          }
          connection.#onPacket = (next) => onPacket(next, connection);
          resolve({ connection, connack });
        },
      );
      void connection.closed.then(() => reject(new Error('closed before CONNACK')));
      connection.send(packet);
    });
  }

  send(packet: Packet): void {
    if (this.#socket.writable) this.#socket.write(encodePacket(packet, this.#version));
  }

  /** Leaves with DISCONNECT. */
  async end(reasonCode: ReasonCode = ReasonCode.success): Promise<void> {
    this.#socket.end(
      encodePacket({ type: PacketType.disconnect, reasonCode, properties: {} }, this.#version),
    );
    await this.closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#decoder.push(chunk);
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      this.#onPacket(packet);
    }
  }
}
