/** Holds its callers until it is told to let the oldest go. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  readonly wait = (): Promise<void> => new Promise((go) => this.#waiting.push(go));
  open(): void {
    this.#waiting.shift()?.();
  }
}
