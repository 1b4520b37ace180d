import { ownBytes } from './own-bytes.ts';

const slabBytes = 64 * 1024;
const maxFreeSlabs = 64;
// Outputs that never all leave at once must not gather more than this.
const maxUsedSlabs = 256;
const overwritten = 0xee;

/** A piece of memory that chunks lie in, one behind the other. */
export class ReadSlab {
  readonly bytes: Buffer;
  /** Chunks in it that wait to be handled. */
  holds = 0;
  /** Somebody needs it beyond the turn: it is left to the garbage collector. */
  isKept = false;
  /** Used again when all is written. */
  isListed = true;

  constructor(bytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
  }
}

/**
 * The memory that sockets are read into. Messages are forwarded as they lie in it, and what outlives the turn is copied: so it
 * is used again as soon as everything is written that was read into it, warm as it is.
 *
 * Chunks that are put off hold it meanwhile, and what a stream took but the system did not keeps it for good. Hooks may
 * keep messages: where one does not say that it keeps none, it is never used twice.
 */
export class ReadMemory {
  readonly #overwrites: boolean;
  readonly #slabs: WeakMap<ArrayBufferLike, ReadSlab> = new WeakMap();
  readonly #free: ReadSlab[] = [];
  /** Those that are full. */
  #used: ReadSlab[] = [];
  #current: ReadSlab | undefined;
  #at = 0;
  /** Chunks that are handled right now: one within the other where a stream answers within a write. */
  #readers = 0;
  #mayBeKept = false;

  /** With `overwrites`, each chunk is in a slab of its own, which is overwritten when it is free: a test sees who needed it. */
  constructor(overwrites = false) {
    this.#overwrites = overwrites;
  }

  /** A copy of the first bytes of a buffer, in memory of this. */
  take(buffer: Uint8Array, length: number): Buffer {
    if (length > slabBytes) return ownBytes(buffer, 0, length);
    const isFull = this.#current === undefined || length > slabBytes - this.#at;
    if (isFull || this.#overwrites) this.#next(this.#overwrites ? length : slabBytes);
    const { bytes } = this.#current as ReadSlab;
    const start = this.#at;
    this.#at += length;
    bytes.set(length === buffer.length ? buffer : buffer.subarray(0, length), start);
    return bytes.subarray(start, this.#at);
  }

  /** A chunk that came in memory of its own: it stays there, but where that is to be overwritten. */
  lent(chunk: Uint8Array): Uint8Array {
    return this.#overwrites ? this.take(chunk, chunk.length) : chunk;
  }

  /** A chunk is not handled in this turn. Undefined where it does not lie in memory of this; or else to be released. */
  hold(chunk: Uint8Array): ReadSlab | undefined {
    const slab = this.#slabs.get(chunk.buffer);
    if (slab !== undefined) slab.holds++;
    return slab;
  }

  /** A chunk that was held is handled. */
  release(slab: ReadSlab): void {
    slab.holds--;
    if (slab.holds > 0 || slab.isListed) return;
    slab.isListed = true;
    this.#used.push(slab);
  }

  /** Somebody needs these bytes for longer, and does not say until when. */
  keep(bytes: Uint8Array): void {
    const slab = this.#slabs.get(bytes.buffer);
    if (slab !== undefined) slab.isKept = true;
  }

  /** From now on hooks see messages that they may keep. */
  mayBeKept(): void {
    this.#mayBeKept = true;
  }

  /** Chunks are handled from here on to `leave`, which leaves nothing of them unhandled that is not held. */
  enter(): void {
    this.#readers++;
  }

  leave(): void {
    this.#readers--;
  }

  /** What came of all that was read is written. */
  written(): void {
    if (this.#readers > 0) return;
    const used = this.#used;
    for (let index = 0; index < used.length; index++) this.#settle(used[index] as ReadSlab);
    used.length = 0;
    const current = this.#current;
    if (current === undefined || current.holds > 0) return;
    if (this.#mayBeKept || current.isKept) return;
    if (this.#overwrites) current.bytes.fill(overwritten);
    this.#at = 0;
  }

  #next(bytes: number): void {
    const full = this.#current;
    if (full !== undefined && !this.#mayBeKept) {
      if (this.#used.length === maxUsedSlabs) this.#used = [];
      this.#used.push(full);
    }
    const slab = this.#free.pop() ?? new ReadSlab(bytes);
    if (!this.#mayBeKept) this.#slabs.set(slab.bytes.buffer, slab);
    this.#current = slab;
    this.#at = 0;
  }

  #settle(slab: ReadSlab): void {
    if (this.#mayBeKept || slab.isKept) return;
    if (slab.holds > 0) {
      slab.isListed = false;
      return;
    }
    if (this.#overwrites) slab.bytes.fill(overwritten);
    else if (this.#free.length < maxFreeSlabs) this.#free.push(slab);
  }
}
