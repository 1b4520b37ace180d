import { PackedMessages } from '@sluice/persistence-memory';
import type { Message } from '@sluice/plugin';
import { messageBytes } from '../base/message-bytes.ts';
import { RetainedCursor } from './retained-cursor.ts';
import { RetainedEntry } from './retained-entry.ts';
import { endOfLevel, type RetainedChild, RetainedNode } from './retained-node.ts';

/** The retained message of each topic (section 3.3.1.3): a trie by levels, bounded in number and bytes. */
export class Retained {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #messages = new PackedMessages();
  readonly #root: RetainedNode = new RetainedNode('');
  #size = 0;
  #bytes = 0;

  constructor(limits: { readonly maxRetainedMessages: number; readonly maxRetainedBytes: number }) {
    this.#maxMessages = limits.maxRetainedMessages;
    this.#maxBytes = limits.maxRetainedBytes;
  }

  /** Number of messages, and so of topics. */
  get size(): number {
    return this.#size;
  }

  /** Sum of `messageBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the message in place of the one on its topic; false, with nothing changed, when there is no room. */
  set(message: Message): boolean {
    const entry = this.#find(message.topic);
    const bytes = bytesMore(message, entry);
    // What is above a limit that was lowered may still be replaced.
    const isFull = entry === undefined && this.#size >= this.#maxMessages;
    if (isFull || (bytes > 0 && this.#bytes + bytes > this.#maxBytes)) return false;
    this.#keep(message, entry, bytes);
    return true;
  }

  /** As `set`, whether there is room or not. */
  restore(message: Message): void {
    const entry = this.#find(message.topic);
    this.#keep(message, entry, bytesMore(message, entry));
  }

  /** Forgets the message of a topic, and returns it. */
  delete(topic: string): Message | undefined {
    const entry = this.#find(topic);
    if (entry === undefined) return undefined;
    const { message } = entry;
    this.#remove(topic);
    entry.delete();
    this.#size--;
    this.#bytes -= messageBytes(message);
    return message;
  }

  get(topic: string): Message | undefined {
    return this.#find(topic)?.message;
  }

  has(topic: string): boolean {
    return this.#find(topic) !== undefined;
  }

  /** Finds, bit by bit, the messages with a number below `before` on topics that match a (not shared) filter. */
  walk(filter: string, before: number): RetainedCursor {
    return new RetainedCursor(this.#root, filter, before);
  }

  #keep(message: Message, entry: RetainedEntry | undefined, bytes: number): void {
    if (entry === undefined) {
      this.#insert(message.topic, new RetainedEntry(this.#messages, message));
      this.#size++;
    } else {
      entry.replace(message);
    }
    this.#bytes += bytes;
  }

  #find(topic: string): RetainedEntry | undefined {
    let node = this.#root;
    let start = 0;
    for (;;) {
      const end = endOfLevel(topic, start);
      const child = node.find(topic.slice(start, end), start);
      if (child === undefined) return undefined;
      if (!(child instanceof RetainedNode)) return child.hasTopic(topic) ? child : undefined;
      if (end === topic.length) return child.entry;
      node = child;
      start = end + 1;
    }
  }

  /** Adds the entry of a topic that has none. */
  #insert(topic: string, entry: RetainedEntry): void {
    let node = this.#root;
    let start = 0;
    for (;;) {
      const end = endOfLevel(topic, start);
      const level = topic.slice(start, end);
      let child = node.find(level, start);
      if (child === undefined) {
        node.add(level, start, entry);
        return;
      }
      if (!(child instanceof RetainedNode)) {
        child = this.#split(node, level, child, end);
      }
      if (end === topic.length) {
        child.entry = entry;
        return;
      }
      node = child;
      start = end + 1;
    }
  }

  /** Puts a node in the place of a topic that is no longer alone below its level, which ends at `end`. */
  #split(parent: RetainedNode, level: string, entry: RetainedEntry, end: number): RetainedNode {
    const node = new RetainedNode(level);
    const { topic } = entry;
    if (end === topic.length) node.entry = entry;
    else node.add(topic.slice(end + 1, endOfLevel(topic, end + 1)), end + 1, entry);
    parent.replace(level, entry, node);
    return node;
  }

  #remove(topic: string): void {
    const levels = topic.split('/');
    const path: RetainedNode[] = [this.#root];
    let start = 0;
    for (const level of levels) {
      const parent = path.at(-1) as RetainedNode;
      const child = parent.find(level, start) as RetainedChild;
      if (!(child instanceof RetainedNode)) {
        parent.remove(level, child);
        break;
      }
      path.push(child);
      start += level.length + 1;
      if (path.length > levels.length) child.entry = undefined;
    }
    this.#collapse(path);
  }

  /** Puts the last topic of each node that has no other in place of the node, from the end of the path on. */
  #collapse(path: readonly RetainedNode[]): void {
    for (let index = path.length - 1; index > 0; index--) {
      const node = path[index] as RetainedNode;
      const entry = node.onlyEntry();
      if (entry === undefined) return;
      (path[index - 1] as RetainedNode).replace(node.level, node, entry);
    }
  }
}

/** By how much the bytes grow where a message takes the place of another one. */
function bytesMore(message: Message, entry: RetainedEntry | undefined): number {
  return messageBytes(message) - (entry === undefined ? 0 : messageBytes(entry.message));
}
