import type { Message } from '@sluice/plugin';
import { HandleTable } from './handle-table.ts';
import { PackedMessages } from './packed-messages.ts';
import { hashText } from './text-hash.ts';

/** The last retained message of each topic. */
export class RetainedByTopic {
  readonly #messages = new PackedMessages();
  readonly #handles: HandleTable<string> = new HandleTable({
    hash: hashText,
    has: (handle, topic) => this.#messages.hasTopic(handle, topic),
  });

  set(message: Message): void {
    const before = this.#handles.set(message.topic, this.#messages.add(message));
    if (before !== undefined) this.#messages.delete(before);
  }

  delete(topic: string): void {
    const handle = this.#handles.delete(topic);
    if (handle !== undefined) this.#messages.delete(handle);
  }

  /** All of them, in an order that depends on nothing but what was set and deleted before. */
  *values(): IterableIterator<Message> {
    const handles = Float64Array.from(this.#handles.values()).sort();
    for (const handle of handles) yield this.#messages.get(handle);
  }
}
