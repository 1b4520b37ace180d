/** Lets one write at a time through, first come, first served. */
export class Gate {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(write: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(write);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Settles when everything that was let in is through; never rejects. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
