import type { Message } from '@sluice/plugin';
import type { RetainedEntry } from './retained-entry.ts';
import { endOfLevel, type RetainedChild, RetainedNode } from './retained-node.ts';

/** The children of one node that are still to be looked at. */
interface Frame {
  readonly children: Iterator<RetainedChild | undefined>;
  /** Number of their level, from 0 on. */
  readonly depth: number;
  /** Where their level begins in their topics. */
  readonly start: number;
}

/**
 * Finds retained messages lazily, while others are set and deleted: what was there from the beginning to the end
 * comes exactly once, what was deleted or replaced before its turn does not come.
 */
export class RetainedCursor {
  readonly #levels: readonly string[];
  readonly #before: number;
  readonly #frames: Frame[] = [];
  #done = false;

  constructor(root: RetainedNode, filter: string, before: number) {
    this.#levels = filter.split('/');
    this.#before = before;
    this.#enter(root, 0, 0);
  }

  /** True once `next` came to the end; false when it only paused. */
  get done(): boolean {
    return this.#done;
  }

  /** The next message, in no particular order; undefined at the end, or after looking at `maxSteps` nodes and topics. */
  next(maxSteps: number = Infinity): Message | undefined {
    for (let step = 0; step < maxSteps && !this.#done; step++) {
      const message = this.#step()?.message;
      if (message !== undefined && message.number < this.#before) return message;
    }
    return undefined;
  }

  /**
   * As `next`, but the next topic, though its message may have been replaced meanwhile. One that is deleted and set
   * again may come twice.
   */
  nextTopic(maxSteps: number): string | undefined {
    for (let step = 0; step < maxSteps && !this.#done; step++) {
      const entry = this.#step();
      if (entry !== undefined) return entry.topic;
    }
    return undefined;
  }

  /** Looks at one more node or topic: its entry, if it matches. */
  #step(): RetainedEntry | undefined {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#done = true;
      return undefined;
    }
    const { done, value: child } = frame.children.next();
    if (done === true) return this.#leave();
    const entry = child === undefined ? undefined : this.#visit(child, frame);
    // A node that was taken out has what it had.
    return entry?.isGone === true ? undefined : entry;
  }

  #leave(): undefined {
    this.#frames.pop();
  }

  /** The entry of a child, if its topic matches. */
  #visit(child: RetainedChild, { depth, start }: Frame): RetainedEntry | undefined {
    if (child instanceof RetainedNode) {
      // [MQTT-4.7.2-1]
      if (depth === 0 && child.level.startsWith('$') && this.#beginsWithWildcard())
        return undefined;
      this.#enter(child, depth + 1, start + child.level.length + 1);
      const wanted = this.#levels[depth + 1];
      return wanted === undefined || wanted === '#' ? child.entry : undefined;
    }
    if (child.isGone) return undefined;
    const { topic } = child;
    if (depth === 0 && topic.startsWith('$') && this.#beginsWithWildcard()) return undefined;
    return this.#matches(topic, depth, start) ? child : undefined;
  }

  /** Looks at the children of a node next: all of them under a wildcard, otherwise the one that is asked for. */
  #enter(node: RetainedNode, depth: number, start: number): void {
    const wanted = this.#levels[Math.min(depth, this.#levels.length - 1)] as string;
    if (wanted === '#' || (wanted === '+' && depth < this.#levels.length)) {
      this.#frames.push({ children: node.children(), depth, start });
    } else if (depth < this.#levels.length) {
      const child = node.find(wanted, start);
      if (child !== undefined) this.#frames.push({ children: [child].values(), depth, start });
    }
  }

  /** Whether the levels of a topic from `start` on match those of the filter from `depth` on. */
  #matches(topic: string, depth: number, start: number): boolean {
    let begin = start;
    for (let index = depth; index < this.#levels.length; index++) {
      const wanted = this.#levels[index] as string;
      if (wanted === '#') return true;
      // The topic has ended before.
      if (begin > topic.length) return false;
      const end = endOfLevel(topic, begin);
      if (wanted !== '+' && !(end - begin === wanted.length && topic.startsWith(wanted, begin))) {
        return false;
      }
      begin = end + 1;
    }
    return begin > topic.length || this.#levels.at(-1) === '#';
  }

  #beginsWithWildcard(): boolean {
    return this.#levels[0] === '+' || this.#levels[0] === '#';
  }
}
