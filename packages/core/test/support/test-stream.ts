import { Duplex } from 'node:stream';

interface HeldWrite {
  readonly chunk: Uint8Array;
  readonly done: () => void;
}

/** The broker's end of a connection. What the other end does is called from outside. */
export class TestStream extends Duplex {
  /** Nobody is at the other end any more. */
  gone = false;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #held: HeldWrite[] = [];
  #stalled = false;

  constructor(onBytes: (bytes: Uint8Array) => void) {
    super();
    this.#onBytes = onBytes;
  }

  /** Bytes that the broker wrote and nobody has taken yet. */
  get heldBytes(): number {
    return this.#held.reduce((sum, { chunk }) => sum + chunk.length, 0);
  }

  /** From now on nothing is taken of what the broker writes. */
  stall(): void {
    this.#stalled = true;
  }

  /** Takes one write of the broker, while stalled. */
  takeOne(): void {
    const write = this.#held.shift();
    if (write === undefined) return;
    this.#onBytes(write.chunk);
    write.done();
  }

  /** Takes everything again. */
  unstall(): void {
    this.#stalled = false;
    while (this.#held.length > 0) this.takeOne();
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#stalled) {
      this.#held.push({ chunk, done });
      return;
    }
    this.#onBytes(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.gone = true;
    done();
    // The peer closes its side, as TCP stacks do.
    if (!this.readableEnded) this.push(null);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.gone = true;
    done(error);
  }
}
