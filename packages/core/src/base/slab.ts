const slabBytes = 256 * 1024;

/**
 * Memory in which small segments are put together for one write. It is used again as soon as the stream
 * took the bytes at once, which is nearly always: the same warm memory serves every connection.
 */
export class Slab {
  #buffer: Uint8Array = new Uint8Array(slabBytes);
  #used = 0;

  /** A buffer with room for `bytes` from `start` on; `finish` must follow. */
  begin(bytes: number): Uint8Array {
    if (bytes > this.#buffer.length - this.#used) {
      this.#buffer = new Uint8Array(Math.max(slabBytes, bytes));
      this.#used = 0;
    }
    return this.#buffer;
  }

  get start(): number {
    return this.#used;
  }

  /** What lies before `end` is still needed by a stream; what follows is free. */
  finish(end: number): void {
    this.#used = end;
  }
}
