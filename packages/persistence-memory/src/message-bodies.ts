import type { Message } from '@sluice/plugin';

interface Body {
  readonly message: Message;
  references: number;
}

/** Messages that queues refer to: one body each, let go with its last reference. */
export class MessageBodies {
  readonly #bodies = new Map<number, Body>();

  get size(): number {
    return this.#bodies.size;
  }

  get(number: number): Message | undefined {
    return this.#bodies.get(number)?.message;
  }

  /** Stores a body that is not there yet; without a reference until `refer`. */
  store(message: Message): void {
    if (!this.#bodies.has(message.number)) {
      this.#bodies.set(message.number, { message, references: 0 });
    }
  }

  refer(number: number): void {
    const body = this.#bodies.get(number);
    if (body !== undefined) body.references++;
  }

  /** Gives one reference back. The body stays until `letGo`: a later operation of the commit may refer to it. */
  giveBack(number: number): void {
    const body = this.#bodies.get(number);
    if (body !== undefined && body.references > 0) body.references--;
  }

  /** Forgets a body without references. */
  letGo(number: number): void {
    if (this.#bodies.get(number)?.references === 0) this.#bodies.delete(number);
  }
}
