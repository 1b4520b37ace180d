import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import {
  type ConnectPacket,
  Decoder,
  encodePacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
} from '@sluice/packet';

/** How long a broker may take for an answer before the run counts as hanging. Milliseconds. */
const patienceMs = 30_000;

/** One network connection of a client, which says when nothing is under way any more. */
export class ScriptConnection {
  /** Settles when the socket is gone; true where the broker ended it. */
  readonly closed: Promise<boolean>;
  /** Packets in both directions, those of `ping` aside. */
  traffic = 0;
  readonly version: ProtocolVersion;
  readonly #socket: Socket;
  readonly #decoder: Decoder;
  readonly #onPacket: (packet: Packet, connection: ScriptConnection) => void;
  #isOver = false;
  #isEndedHere = false;
  #onPong: (() => void) | undefined;

  constructor(
    port: number,
    packet: ConnectPacket,
    onPacket: (packet: Packet, connection: ScriptConnection) => void,
  ) {
    this.version = packet.protocolVersion;
    this.#onPacket = onPacket;
    this.#decoder = new Decoder({
      role: 'client',
      maxPacketBytes: 1_048_576,
      protocolVersion: this.version,
    });
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#isOver = true;
        this.#onPong?.();
        resolve(!this.#isEndedHere);
      });
    });
    this.send(packet);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** All in one write. */
  send(...packets: readonly Packet[]): void {
    this.traffic += packets.length;
    this.#write(packets);
  }

  /** Settles when the broker has answered a PINGREQ: what was sent before has been worked on. */
  async ping(): Promise<void> {
    if (this.#isOver) return;
    await within(
      'PINGRESP',
      new Promise<void>((resolve) => {
        this.#onPong = resolve;
        this.#write([{ type: PacketType.pingreq }]);
      }),
    );
  }

  /** The connection is lost behind `last`; what the broker answers is not read any more. */
  async cut(...last: readonly Packet[]): Promise<void> {
    this.#isEndedHere = true;
    this.#write(last);
    // A FIN and no reset, which could overtake what was sent before.
    this.#socket.end();
    await within('the end of a connection', this.closed);
  }

  #write(packets: readonly Packet[]): void {
    if (packets.length === 0 || !this.#socket.writable) return;
    this.#socket.write(Buffer.concat(packets.map((one) => encodePacket(one, this.version))));
  }

  #read(chunk: Buffer): void {
    if (this.#isEndedHere) return;
    this.#decoder.push(chunk);
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      if (packet.type === PacketType.pingresp) {
        this.#onPong?.();
      } else {
        this.traffic++;
        this.#onPacket(packet, this);
      }
    }
  }
}

/** Fails, naming what was awaited, when it does not come. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patienceMs} ms for ${what}`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
