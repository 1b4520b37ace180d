import type { Duplex } from 'node:stream';
import { PacketStream } from './packet-stream.ts';
import type { Transcript } from './transcript.ts';

/** Packets that arrived on a stream and were not looked at yet, as bytes; and whether it has ended. */
export class Incoming {
  readonly #packets: Uint8Array[] = [];
  readonly #stream: PacketStream = new PacketStream();
  #failure: Error | undefined;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(duplex: Duplex, label: string, transcript: Transcript) {
    duplex.on('data', (chunk: Uint8Array) => {
      transcript.received(label, chunk);
      try {
        this.#packets.push(...this.#stream.push(chunk));
      } catch (error) {
        this.#failure = error as Error;
      }
      this.#wake();
    });
    const close = (what: string) => () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      transcript.note(label, what);
      this.#wake();
    };
    duplex.on('end', close('closed by the broker'));
    duplex.on('error', (error) => close(`closed: ${error.message}`)());
    duplex.on('close', close('closed'));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes the first packet for which `wanted` holds, or undefined when none comes in time. */
  async take(
    withinMs: number,
    wanted: (packet: Uint8Array) => boolean = () => true,
  ): Promise<Uint8Array | undefined> {
    const end = performance.now() + withinMs;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const index = this.#packets.findIndex(wanted);
      if (index >= 0) return this.#packets.splice(index, 1)[0];
      const left = end - performance.now();
      if (this.#isClosed || left <= 0) return undefined;
      await this.#change(left);
    }
  }

  /** Whether the stream ended in time; packets stay where they are. */
  async closed(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    while (!this.#isClosed) {
      const left = end - performance.now();
      if (left <= 0) return false;
      await this.#change(left);
    }
    return true;
  }

  async #change(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
