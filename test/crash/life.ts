import type { ConnackPacket, ConnectPacket, Packet } from '@sluice/packet';
import type { Random } from '../differential/random.ts';
import { PacketConnection } from '../support/packet-connection.ts';
import type { SlowLink } from './slow-link.ts';

/** A connection ended, or never began: whoever needs it has to come again. */
export class ConnectionLost extends Error {}

/** From one start of the server to its death. */
export class Life {
  /** Settles when the server is about to die. */
  readonly ended: Promise<void>;
  /** No more kills come: all that is promised has to arrive in this life. */
  readonly isLast: boolean;
  readonly #port: number;
  readonly #link: SlowLink | undefined;
  readonly #random: Random;
  #end: () => void = () => {};
  #over = false;

  constructor(port: number, link: SlowLink | undefined, random: Random, isLast: boolean) {
    this.#port = port;
    this.#link = link;
    this.#random = random;
    this.isLast = isLast;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The server is about to die, or dead. */
  get over(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
    this.#end();
  }

  /** Opens a connection, half of them over the slow link if there is one. Throws ConnectionLost. */
  async connect(
    packet: ConnectPacket,
    onPacket: (packet: Packet, connection: PacketConnection) => void,
    isDirect = false,
  ): Promise<{ connection: PacketConnection; connack: ConnackPacket }> {
    const link = !isDirect && this.#random.chance(50) ? this.#link : undefined;
    try {
      return await PacketConnection.open(link?.port ?? this.#port, packet, onPacket);
    } catch (error) {
      throw new ConnectionLost(String(error));
    }
  }
}
