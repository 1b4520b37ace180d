import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const intervalMs = 50;

/** What this process holds on to, from now on. */
export class MemoryWatch {
  readonly #startBytes: number;
  readonly #collected: (tookMs: number) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #maxBytes: number;
  #peakBytes = 0;

  /** Growth above `maxBytes` is looked at twice: garbage does not count. */
  constructor(maxBytes: number, collected: (tookMs: number) => void) {
    this.#maxBytes = maxBytes;
    this.#collected = collected;
    this.#startBytes = this.#heldBytes();
    this.#timer = setInterval(() => this.#look(), intervalMs);
  }

  /** Bytes above the start, at the worst moment that was seen. */
  get peakBytes(): number {
    this.#look();
    return this.#peakBytes;
  }

  /** Bytes above the start that are still there. */
  get leftBytes(): number {
    return this.#heldBytes() - this.#startBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let bytes = usedBytes() - this.#startBytes;
    if (bytes > this.#maxBytes) bytes = this.leftBytes;
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }

  #heldBytes(): number {
    const began = performance.now();
    collectGarbage();
    this.#collected(performance.now() - began);
    return usedBytes();
  }
}

function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
