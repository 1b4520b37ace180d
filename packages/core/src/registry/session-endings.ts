/** Sessions and wills that are over, while messages of theirs are still on their way to others. */
export class SessionEndings {
  readonly #byClient: Map<string, Promise<void>> = new Map();

  add(clientId: string, ended: Promise<void>): void {
    const before = this.#byClient.get(clientId);
    const both = Promise.all([before, ended]).then(() => {
      if (this.#byClient.get(clientId) === both) this.#byClient.delete(clientId);
    });
    this.#byClient.set(clientId, both);
  }

  /** Settles when the last session of a client identifier is forgotten; undefined when it is. */
  of(clientId: string): Promise<void> | undefined {
    return this.#byClient.get(clientId);
  }

  async flush(): Promise<void> {
    while (this.#byClient.size > 0) await Promise.all(this.#byClient.values());
  }
}
