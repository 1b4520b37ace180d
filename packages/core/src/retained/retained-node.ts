import { ChildTable } from './child-table.ts';
import type { RetainedEntry } from './retained-entry.ts';

/** Below a node: a topic that is alone there, or a node where two or more topics go on. */
export type RetainedChild = RetainedEntry | RetainedNode;

// Most nodes have few children, and an array of eight is a third of a table. Apart, so that a node does not flap.
const maxInArray = 8;
const minInTable = 4;

// Longer parts of a string are views of it, and would keep a topic alive for one of its levels.
const maxCopiedLength = 12;

/**
 * A level of at least two topics. What a cursor may stand in is never changed under it: arrays are replaced,
 * tables keep the place of a child that is replaced, and a node that is taken out keeps what it has.
 */
export class RetainedNode {
  readonly level: string;
  /** The topic that ends here. */
  entry: RetainedEntry | undefined;
  #children: readonly RetainedChild[] | ChildTable<RetainedChild> = [];

  constructor(level: string) {
    this.level = ownCopy(level);
  }

  hasLevel(level: string): boolean {
    return this.level === level;
  }

  /** The child of a level that begins at `start` in the topics below. */
  find(level: string, start: number): RetainedChild | undefined {
    if (this.#children instanceof ChildTable) return this.#children.get(level);
    for (const child of this.#children) if (child.hasLevel(level, start)) return child;
    return undefined;
  }

  /** Adds the child of a level that has none. */
  add(level: string, start: number, child: RetainedChild): void {
    if (this.#children instanceof ChildTable) {
      this.#children.set(level, child);
    } else if (this.#children.length < maxInArray) {
      this.#children = [...this.#children, child];
    } else {
      const table = new ChildTable<RetainedChild>(start);
      for (const other of this.#children) table.set(levelOf(other, start), other);
      table.set(level, child);
      this.#children = table;
    }
  }

  /** Puts one child in the place of another one of the same level. */
  replace(level: string, before: RetainedChild, after: RetainedChild): void {
    if (this.#children instanceof ChildTable) this.#children.set(level, after);
    else this.#children = this.#children.map((child) => (child === before ? after : child));
  }

  remove(level: string, child: RetainedChild): void {
    if (!(this.#children instanceof ChildTable)) {
      this.#children = this.#children.filter((other) => other !== child);
      return;
    }
    this.#children.delete(level);
    if (this.#children.size > minInTable) return;
    this.#children = [...this.#children.values()].filter((left) => left !== undefined);
  }

  /** All children, for one who comes back, with holes: what is added meanwhile may be left out. */
  children(): Iterator<RetainedChild | undefined> {
    return this.#children.values();
  }

  /** The one topic that is left; undefined when there are more. */
  onlyEntry(): RetainedEntry | undefined {
    if (this.#children instanceof ChildTable) return undefined;
    const [child, another] = this.#children;
    if (child === undefined) return this.entry;
    if (another !== undefined || this.entry !== undefined) return undefined;
    return child instanceof RetainedNode ? undefined : child;
  }
}

/** Where the level that begins at `start` ends. */
export function endOfLevel(topic: string, start: number): number {
  const slash = topic.indexOf('/', start);
  return slash === -1 ? topic.length : slash;
}

function levelOf(child: RetainedChild, start: number): string {
  if (child instanceof RetainedNode) return child.level;
  const { topic } = child;
  return topic.slice(start, endOfLevel(topic, start));
}

function ownCopy(level: string): string {
  return level.length <= maxCopiedLength ? level : level.split('').join('');
}
