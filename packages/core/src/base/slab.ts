const slabBytes = 256 * 1024;

/**
 * Memory in which small segments are put together for one write. It is used again as soon as the stream
 * took the bytes at once, which is nearly always: the same warm memory serves every connection.
 */
export class Slab {
  #buffer: Uint8Array = new Uint8Array(slabBytes);
  #used = 0;
  #start = 0;

  /** A buffer with room for `bytes` from `start` on, which is nobody else's until `finish`. */
  begin(bytes: number): Uint8Array {
    if (bytes > this.#buffer.length - this.#used) {
      this.#buffer = new Uint8Array(Math.max(slabBytes, bytes));
      this.#used = 0;
    }
    this.#start = this.#used;
    this.#used += bytes;
    return this.#buffer;
  }

  /** Where the room begins that was asked for last. */
  get start(): number {
    return this.#start;
  }

  /** What lies before `end` is still needed by a stream; what follows in the room up to `roomEnd` is free. */
  finish(buffer: Uint8Array, roomEnd: number, end: number): void {
    // Another output may have written within the write, and its stream may need what lies behind.
    if (buffer === this.#buffer && roomEnd === this.#used) this.#used = end;
  }
}
