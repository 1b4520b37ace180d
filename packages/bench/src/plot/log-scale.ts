/** A logarithmic axis: figures of brokers differ by a factor of a hundred and more. */
export class LogScale {
  readonly #first: number;
  readonly #last: number;
  readonly #width: number;

  /** From the power of ten at or below all values to the one at or above, over `width` pixels. */
  constructor(values: readonly number[], width: number) {
    this.#first = Math.floor(Math.log10(Math.min(...values)));
    this.#last = Math.max(this.#first + 1, Math.ceil(Math.log10(Math.max(...values))));
    this.#width = width;
  }

  /** The powers of ten on the axis. */
  get ticks(): number[] {
    const count = this.#last - this.#first + 1;
    // 10 ** -2 is not quite 0.01, and would be seen.
    return Array.from({ length: count }, (_, index) => Number(`1e${this.#first + index}`));
  }

  /** Pixels from the left end of the axis. */
  position(value: number): number {
    const share = (Math.log10(value) - this.#first) / (this.#last - this.#first);
    return Math.round(share * this.#width * 10) / 10;
  }
}
