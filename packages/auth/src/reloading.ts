/** Something that is read from outside, and can be read again. */
export interface Reloadable {
  /** Reads it, and takes it if it is whole; rejects and keeps what it had otherwise. */
  load(): Promise<unknown>;
  watch(changed: () => void): void;
  unwatch(): void;
}

/** Keeps what is read from outside up to date. */
export class Reloading {
  readonly #parts: readonly Reloadable[];
  readonly #apply: () => Promise<void>;
  readonly #reportError: (error: Error) => void;

  /** `apply` is called after some of the parts were read again. */
  constructor(
    parts: readonly Reloadable[],
    apply: () => Promise<void>,
    reportError: (error: Error) => void,
  ) {
    this.#parts = parts;
    this.#apply = apply;
    this.#reportError = reportError;
  }

  /** Reads all parts, and takes those that are whole. Rejects when one is not, after the others took effect. */
  reload(): Promise<void> {
    return this.#load(this.#parts);
  }

  watch(): void {
    for (const part of this.#parts) {
      part.watch(() => void this.#load([part]).catch((error: Error) => this.#reportError(error)));
    }
  }

  unwatch(): void {
    for (const part of this.#parts) part.unwatch();
  }

  async #load(parts: readonly Reloadable[]): Promise<void> {
    const results = await Promise.allSettled(parts.map((part) => part.load()));
    const errors = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => asError(reason));
    if (errors.length < parts.length) await this.#apply();
    const [first, ...others] = errors;
    for (const error of others) this.#reportError(error);
    if (first !== undefined) throw first;
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
