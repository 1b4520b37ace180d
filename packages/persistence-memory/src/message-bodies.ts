import type { Message } from '@sluice/plugin';
import { PackedMessages } from './packed-messages.ts';

// Of the map from numbers to handles.
const bytesOfNumber = 40;

/** Messages that queues refer to: one body each, let go with its last reference. */
export class MessageBodies {
  readonly #messages = new PackedMessages();
  /** Number of a message to its handle. */
  readonly #handles = new Map<number, number>();

  /** Memory that they take, about. */
  get bytes(): number {
    return this.#messages.bytes + this.#handles.size * bytesOfNumber;
  }

  get(number: number): Message | undefined {
    const handle = this.#handles.get(number);
    return handle === undefined ? undefined : this.#messages.get(handle);
  }

  /** Stores a body that is not there yet; without a reference until `refer`. */
  store(message: Message): void {
    if (!this.#handles.has(message.number)) {
      this.#handles.set(message.number, this.#messages.add(message));
    }
  }

  refer(number: number, times = 1): void {
    this.#add(number, times);
  }

  /** Gives one reference back. The body stays until `letGo`: a later operation of the commit may refer to it. */
  giveBack(number: number): void {
    this.#add(number, -1);
  }

  /** Forgets a body without references. */
  letGo(number: number): void {
    const handle = this.#handles.get(number);
    if (handle === undefined || this.#messages.count(handle) > 0) return;
    this.#handles.delete(number);
    this.#messages.delete(handle);
  }

  #add(number: number, change: number): void {
    const handle = this.#handles.get(number);
    if (handle === undefined) return;
    const count = this.#messages.count(handle) + change;
    if (count >= 0) this.#messages.setCount(handle, count);
  }
}
