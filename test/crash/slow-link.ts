import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../differential/random.ts';
import { host } from '../support/server-process.ts';

const longestPauseMs = 6;
const chunksPerCut = 400;

/** A way to a server that takes its time, parts what it carries anywhere, and breaks now and then. */
export class SlowLink {
  readonly #server: Server = createServer({ noDelay: true }, (near) => this.#carry(near));
  readonly #random: Random;
  readonly #target: number;
  /** When it is set, no connection breaks any more. */
  isReliable = false;

  private constructor(target: number, random: Random) {
    this.#target = target;
    this.#random = random;
  }

  /** A link to a port of this machine. */
  static async to(target: number, random: Random): Promise<SlowLink> {
    const link = new SlowLink(target, random);
    link.#server.listen(0, host);
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(near: Socket): void {
    const far = connect({ port: this.#target, host, noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.once('close', () => other.destroy());
      void this.#pass(one, other);
    }
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from) {
        for (const part of this.#parts(chunk as Uint8Array)) {
          await pause(this.#random.below(longestPauseMs));
          if (!this.isReliable && this.#random.below(chunksPerCut) === 0) {
            // Bytes up to anywhere in the middle arrive, and then nothing.
            to.end(part.subarray(0, this.#random.below(part.length)));
            from.destroy();
            return;
          }
          if (!to.writable) return;
          to.write(part);
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  }

  /** The chunk whole, or in two. */
  #parts(chunk: Uint8Array): Uint8Array[] {
    if (this.#random.chance(50)) return [chunk];
    const at = this.#random.below(chunk.length);
    return [chunk.subarray(0, at), chunk.subarray(at)].filter(({ length }) => length > 0);
  }
}
