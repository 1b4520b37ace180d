import type { Port } from '../../src/base/port.ts';

/** A port that keeps what is written to it. */
export class FakePort implements Port {
  readonly copies: boolean;
  /** What was written, by reference. */
  readonly written: Uint8Array[] = [];
  pending = 0;
  ended = false;
  destroyed = false;
  paused = false;
  corked = 0;
  /** Writes that leave at once; the others stay pending. */
  takes = true;

  constructor({ copies = false }: { copies?: boolean } = {}) {
    this.copies = copies;
  }

  /** Everything that was written, in one piece. */
  get bytes(): Buffer {
    return Buffer.concat(this.written);
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes);
    if (!this.takes) this.pending += bytes.length;
  }

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.corked--;
  }

  accepted(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  follow(): void {
    this.ended = true;
  }
}
