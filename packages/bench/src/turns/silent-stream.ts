import { Duplex } from 'node:stream';

/** A client without a network: what it is sent is counted and forgotten. */
export class SilentStream extends Duplex {
  /** Bytes that the broker has written. */
  received = 0;

  override _read(): void {}

  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    this.received += chunk.length;
    done();
  }
}
