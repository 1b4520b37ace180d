import { setTimeout as pause } from 'node:timers/promises';
import type { Packet } from '@sluice/packet';
import type { PacketConnection } from '../../support/packet-connection.ts';
import { ConnectionLost, type Life } from '../life.ts';

/** Somebody who uses the server from its start to its death, and writes down what it owes. */
export abstract class Actor {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Uses the server until it is dead, over as many connections as it takes. */
  async live(life: Life): Promise<void> {
    while (!life.over) {
      try {
        await this.visit(life);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        await pause(1);
      }
    }
  }

  /** Settles when this one has all that it was promised. Called in the last life. */
  abstract satisfied(): Promise<void>;

  /** Goes on where the last connection stopped; settles or throws ConnectionLost when it wants another one. */
  protected abstract visit(life: Life): Promise<void>;
}

/** Waits for packets that answer what was sent. */
export class Answers {
  readonly #waiting: {
    isMeant(packet: Packet): boolean;
    resolve(packet: Packet): void;
    reject(error: Error): void;
  }[] = [];
  #isLost = false;

  /** Each packet that comes goes through here. */
  take(packet: Packet): void {
    const index = this.#waiting.findIndex(({ isMeant }) => isMeant(packet));
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(packet);
  }

  /** From now on everybody who waits is told when this connection ends. */
  until(connection: PacketConnection): void {
    void connection.closed.then(() => {
      this.#isLost = true;
      for (const { reject } of this.#waiting.splice(0)) reject(new ConnectionLost('while waiting'));
    });
  }

  /** The next packet of this type, with this identifier if one is given. */
  async next<Type extends Packet['type']>(
    type: Type,
    packetId?: number,
  ): Promise<Extract<Packet, { type: Type }>> {
    const isMeant = (packet: Packet) =>
      packet.type === type &&
      (packetId === undefined || ('packetId' in packet && packet.packetId === packetId));
    if (this.#isLost) throw new ConnectionLost('before waiting');
    const packet = await new Promise<Packet>((resolve, reject) =>
      this.#waiting.push({ isMeant, resolve, reject }),
    );
    return packet as Extract<Packet, { type: Type }>;
  }
}
