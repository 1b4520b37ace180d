import { Edges } from './edges.ts';
import { LevelNames } from './level-names.ts';
import { Pages } from './pages.ts';
import { collect, excluding, holds, including, type Slot } from './slot.ts';
import { hashField, literalsField, plusField, recordStart, root, TrieNodes } from './trie-nodes.ts';

const dollar = 0x24;
const plusSign = 0x2b;
const hashSign = 0x23;

// Stand in a node for the numbers of level names, which begin with 1.
const plusLevel = -1;
const hashLevel = -2;

/** The filters with wildcards: a trie with a node for each level, kept in typed arrays. */
export class WildcardTrie<Value> {
  #nodes = new TrieNodes();
  #edges = new Edges();
  #names = new LevelNames();
  #slots: Pages<Slot<Value>> = newSlots();
  // Nodes reached by the levels walked so far, and by one more: reused by each match.
  #reached: number[] = [];
  #next: number[] = [];

  /** How many nodes there are besides the root. */
  get nodes(): number {
    return this.#nodes.size;
  }

  /** How many edges with a literal level there are. */
  get edges(): number {
    return this.#edges.size;
  }

  /** How many literal level names are known. */
  get names(): number {
    return this.#names.size;
  }

  /** False when the pair was there already. */
  add(filter: string, value: Value): boolean {
    let node = root;
    for (let start = 0; start <= filter.length; ) {
      const end = levelEnd(filter, start);
      node = this.#child(node, filter, start, end) || this.#createChild(node, filter, start, end);
      start = end + 1;
    }
    const slot = this.#slots.get(node);
    if (holds(slot, value)) return false;
    this.#slots.set(node, including(slot, value));
    return true;
  }

  /** False when the pair was not there. */
  remove(filter: string, value: Value): boolean {
    let node = root;
    for (let start = 0; start <= filter.length && node !== 0; ) {
      const end = levelEnd(filter, start);
      node = this.#child(node, filter, start, end);
      start = end + 1;
    }
    const slot = this.#slots.get(node);
    if (!holds(slot, value)) return false;
    this.#slots.set(node, excluding(slot, value));
    this.#prune(node);
    return true;
  }

  /**
   * Appends the values of each filter that matches. Walks all paths at once, one level of the topic after the
   * other, so that each level is looked at once, and no node twice.
   */
  match(topic: string, into: Value[]): void {
    if (this.nodes === 0) return;
    const nodes = this.#nodes;
    const slots = this.#slots;
    const names = this.#names;
    const edges = this.#edges;
    this.#reached[0] = root;
    let count = 1;
    let wildcards = topic.charCodeAt(0) !== dollar; // [MQTT-4.7.2-1]
    for (let start = 0; start <= topic.length && count > 0; ) {
      const end = levelEnd(topic, start);
      const level = names.find(topic, start, end);
      const reached = this.#reached;
      const next = this.#next;
      let nextCount = 0;
      for (let i = 0; i < count; i++) {
        const node = reached[i] as number;
        const page = nodes.page(node);
        const record = recordStart(node);
        if (wildcards) {
          const hash = page[record + hashField] as number;
          if (hash !== 0) collect(slots.get(hash), into);
          const plus = page[record + plusField] as number;
          if (plus !== 0) next[nextCount++] = plus;
        }
        if (level !== 0 && page[record + literalsField] !== 0) {
          const child = edges.get(node, level);
          if (child !== 0) next[nextCount++] = child;
        }
      }
      this.#reached = next;
      this.#next = reached;
      count = nextCount;
      wildcards = true;
      start = end + 1;
    }
    for (let i = 0; i < count; i++) {
      const node = this.#reached[i] as number;
      collect(slots.get(node), into);
      // "a/#" also matches its parent "a".
      const hash = nodes.hash(node);
      if (hash !== 0) collect(slots.get(hash), into);
    }
  }

  /** The child for the level, or 0. */
  #child(node: number, text: string, start: number, end: number): number {
    const level = wildcardAt(text, start, end) || this.#names.find(text, start, end);
    if (level === plusLevel) return this.#nodes.plus(node);
    if (level === hashLevel) return this.#nodes.hash(node);
    return level === 0 ? 0 : this.#edges.get(node, level);
  }

  #createChild(parent: number, text: string, start: number, end: number): number {
    const level = wildcardAt(text, start, end) || this.#names.acquire(text, start, end);
    const child = this.#nodes.create(parent, level);
    this.#slots.set(child, undefined);
    if (level === plusLevel) this.#nodes.setPlus(parent, child);
    else if (level === hashLevel) this.#nodes.setHash(parent, child);
    else {
      this.#edges.add(parent, level, child);
      this.#nodes.addLiterals(parent, 1);
    }
    return child;
  }

  /** Removes the node, and those above it, as far as they lead to no value any more. */
  #prune(from: number): void {
    let node = from;
    while (node !== root && this.#slots.get(node) === undefined && this.#nodes.isLeaf(node)) {
      const parent = this.#nodes.parent(node);
      this.#unlink(parent, this.#nodes.level(node));
      this.#nodes.delete(node);
      node = parent;
    }
    if (this.nodes === 0) this.#startAnew();
  }

  #unlink(parent: number, level: number): void {
    if (level === plusLevel) this.#nodes.setPlus(parent, 0);
    else if (level === hashLevel) this.#nodes.setHash(parent, 0);
    else {
      this.#edges.delete(parent, level);
      this.#nodes.addLiterals(parent, -1);
      this.#names.release(level);
    }
  }

  /** Gives back the memory of the many filters there may have been. */
  #startAnew(): void {
    this.#nodes = new TrieNodes();
    this.#edges = new Edges();
    this.#names = new LevelNames();
    this.#slots = newSlots();
    this.#reached = [];
    this.#next = [];
  }
}

/** With one for the root. */
function newSlots<Value>(): Pages<Slot<Value>> {
  const slots = new Pages<Slot<Value>>();
  slots.set(root, undefined);
  return slots;
}

/** Where the level that begins at `start` ends. */
function levelEnd(text: string, start: number): number {
  const slash = text.indexOf('/', start);
  return slash < 0 ? text.length : slash;
}

/** What stands for the level if it is a wildcard, or 0. */
function wildcardAt(text: string, start: number, end: number): number {
  if (end - start !== 1) return 0;
  const character = text.charCodeAt(start);
  if (character === plusSign) return plusLevel;
  return character === hashSign ? hashLevel : 0;
}
