import type { Message } from '@sluice/plugin';

// What a body and its entry cost beside topic and payload.
const bodyBytes = 256;

interface Body {
  readonly message: Message;
  references: number;
}

/** Messages that queues refer to: one body each, let go with its last reference. */
export class MessageBodies {
  readonly #bodies = new Map<number, Body>();

  #bytes = 0;

  get size(): number {
    return this.#bodies.size;
  }

  /** Memory that they take, about. */
  get bytes(): number {
    return this.#bytes + this.#bodies.size * bodyBytes;
  }

  get(number: number): Message | undefined {
    return this.#bodies.get(number)?.message;
  }

  /** Stores a body that is not there yet; without a reference until `refer`. */
  store(message: Message): void {
    if (this.#bodies.has(message.number)) return;
    this.#bodies.set(message.number, { message, references: 0 });
    this.#bytes += message.topic.length + message.payload.length;
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
    const body = this.#bodies.get(number);
    if (body?.references !== 0) return;
    this.#bodies.delete(number);
    this.#bytes -= body.message.topic.length + body.message.payload.length;
  }
}
