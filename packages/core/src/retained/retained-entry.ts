import type { PackedMessages } from '@sluice/persistence-memory';
import type { Message } from '@sluice/plugin';

const gone = -1;

/** A topic that has a retained message, and where that is: packed, since there may be a million of them. */
export class RetainedEntry {
  readonly #messages: PackedMessages;
  /** `gone` once the message was deleted: a cursor may still come by. */
  #handle: number;

  constructor(messages: PackedMessages, message: Message) {
    this.#messages = messages;
    this.#handle = messages.add(message);
  }

  get isGone(): boolean {
    return this.#handle === gone;
  }

  get topic(): string {
    return this.#messages.topic(this.#handle);
  }

  get number(): number {
    return this.#messages.number(this.#handle);
  }

  get message(): Message {
    return this.#messages.get(this.#handle);
  }

  /** Whether a level of the topic that begins at `start` is this one. */
  hasLevel(level: string, start: number): boolean {
    return !this.isGone && this.#messages.topicHas(this.#handle, level, start);
  }

  hasTopic(topic: string): boolean {
    return this.#messages.hasTopic(this.#handle, topic);
  }

  replace(message: Message): void {
    this.#messages.delete(this.#handle);
    this.#handle = this.#messages.add(message);
  }

  /** Must be the end of its use. */
  delete(): void {
    this.#messages.delete(this.#handle);
    this.#handle = gone;
  }
}
