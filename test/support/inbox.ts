/** Items that somebody waits for, one after another. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting: { resolve(item: Item): void; reject(error: Error): void }[] = [];
  readonly #deadlineMs: number;
  #failure: Error | undefined;

  constructor(deadlineMs = 60_000) {
    this.#deadlineMs = deadlineMs;
  }

  push(item: Item): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting.resolve(item);
  }

  /** Nothing comes any more: who waits, and who will, gets this error once the items are used up. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }

  /** The next item. Rejects when none comes before the deadline. */
  next(): Promise<Item> {
    const [item] = this.#items.splice(0, 1);
    if (item !== undefined) return Promise.resolve(item);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const waiting = {
        resolve: (next: Item) => {
          clearTimeout(timer);
          resolve(next);
        },
        reject: (error: Error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new Error(`nothing came within ${this.#deadlineMs} ms`));
      }, this.#deadlineMs);
      this.#waiting.push(waiting);
    });
  }

  async take(count: number): Promise<Item[]> {
    const items: Item[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }
}
