import type { Buffer } from 'node:buffer';

const maxBytes = 128;

/**
 * The property block that came last, and what it was decoded to: many clients send the same one with each message, which
 * then is neither checked nor made strings again. Those who get it share it, so that nobody may change it.
 */
export class LastProperties<Properties> {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Of the block, its own length included; 0 when there is none. */
  #length = 0;
  #properties: Properties | undefined;

  /** What the block that begins at `start` was decoded to, if it is the same one. */
  find(bytes: Buffer, start: number, end: number): Properties | undefined {
    if (this.#length === 0 || this.#length > end - start) return undefined;
    // From its end, where those that differ mostly do.
    for (let index = this.#length - 1; index >= 0; index--) {
      if (bytes[start + index] !== this.#bytes[index]) return undefined;
    }
    return this.#properties;
  }

  /** Keeps what `bytes[start, end)` was decoded to, unless it is long. */
  keep(bytes: Buffer, start: number, end: number, properties: Properties): void {
    this.#length = end - start > maxBytes ? 0 : end - start;
    this.#properties = this.#length === 0 ? undefined : properties;
    if (this.#length > this.#bytes.length) this.#bytes = new Uint8Array(this.#length);
    for (let index = 0; index < this.#length; index++) {
      this.#bytes[index] = bytes[start + index] as number;
    }
  }
}
