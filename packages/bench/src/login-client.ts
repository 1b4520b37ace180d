import { once } from 'node:events';
import net from 'node:net';
import {
  type ConnackPacket,
  Decoder,
  encodePacket,
  type Packet,
  PacketType,
  type PublishPacket,
  ReasonCode,
} from '@sluice/packet';
import { BenchError } from './bench-error.ts';

/** A client of MQTT 5.0 with a session that outlives it, as small as a measurement needs it. */
export class LoginClient {
  readonly #socket: net.Socket;
  readonly #decoder = new Decoder({
    role: 'client',
    maxPacketBytes: 65_536,
    protocolVersion: 5,
  });
  readonly #waiting = new Map<number, ((packet: Packet) => void)[]>();
  /** Called with each message. */
  onMessage: (packet: PublishPacket) => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
  }

  /** Connects with a password, and tries again where the broker is busy; throws a BenchError when it is refused. */
  static async connect(
    port: number,
    clientId: string,
    userName: string,
    password: string,
  ): Promise<LoginClient> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new LoginClient(socket);
    const connack = (await client.request(PacketType.connack, {
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: false,
      keepAlive: 0,
      clientId,
      userName,
      password: Buffer.from(password),
      properties: { sessionExpiryInterval: 600 },
    })) as ConnackPacket;
    if (connack.reasonCode === ReasonCode.success) return client;
    client.end();
    if (connack.reasonCode === ReasonCode.serverBusy) {
      return await LoginClient.connect(port, clientId, userName, password);
    }
    throw new BenchError(`A login was refused with ${connack.reasonCode}.`);
  }

  /** Sends a packet and waits for the next one of a kind. */
  request(answer: number, packet: Packet): Promise<Packet> {
    this.send(packet);
    return new Promise((resolve) => {
      const others = this.#waiting.get(answer) ?? [];
      this.#waiting.set(answer, [...others, resolve]);
    });
  }

  send(packet: Packet): void {
    this.#socket.write(encodePacket(packet, 5));
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#socket.pause();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#decoder.push(chunk);
    for (let packet = this.#decoder.next(); packet; packet = this.#decoder.next()) {
      if (packet.type === PacketType.publish) {
        this.onMessage(packet);
        const { packetId } = packet;
        if (packet.qos === 0) continue;
        this.send({ type: PacketType.puback, packetId, reasonCode: 0, properties: {} });
        continue;
      }
      this.#waiting.get(packet.type)?.shift()?.(packet);
    }
  }
}
