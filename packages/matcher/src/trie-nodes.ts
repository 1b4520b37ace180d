import { pageBits, pageMask, recordPages, reserveRecord } from './record-pages.ts';

const fields = 5;
const parentField = 0;
const levelField = 1;
/** In a record: the child for the level `+`, or 0. */
export const plusField = 2;
/** In a record: the child for the level `#`, or 0. */
export const hashField = 3;
/** In a record: how many children have a level that is no wildcard. */
export const literalsField = 4;

/** The node above all levels. */
export const root = 1;

/**
 * The nodes of a trie as numbers, from the root, 1, on; 0 is no node. One record of integers each:
 *
 *     | parent | level | child for "+" | child for "#" | number of other children |     free ones: | next free | ...
 */
export class TrieNodes {
  readonly #pages = recordPages(fields);
  #end = root + 1;
  #free = 0;
  #size = 0;

  /** How many nodes there are besides the root. */
  get size(): number {
    return this.#size;
  }

  create(parent: number, level: number): number {
    let node = this.#free;
    if (node !== 0) this.#free = this.parent(node);
    else node = this.#append();
    const page = this.page(node);
    const at = recordStart(node);
    page[at + parentField] = parent;
    page[at + levelField] = level;
    this.#size++;
    return node;
  }

  /** Gives a node without children back. */
  delete(node: number): void {
    this.page(node)[recordStart(node) + parentField] = this.#free;
    this.#free = node;
    this.#size--;
  }

  /** Where its record is, from `recordStart(node)` on: for who looks at many, and at more than one field. */
  page(node: number): Int32Array {
    return this.#pages[node >>> pageBits] as Int32Array;
  }

  parent(node: number): number {
    return this.page(node)[recordStart(node) + parentField] as number;
  }

  level(node: number): number {
    return this.page(node)[recordStart(node) + levelField] as number;
  }

  /** The child for the level `+`, or 0. */
  plus(node: number): number {
    return this.page(node)[recordStart(node) + plusField] as number;
  }

  setPlus(node: number, child: number): void {
    this.page(node)[recordStart(node) + plusField] = child;
  }

  /** The child for the level `#`, or 0. */
  hash(node: number): number {
    return this.page(node)[recordStart(node) + hashField] as number;
  }

  setHash(node: number, child: number): void {
    this.page(node)[recordStart(node) + hashField] = child;
  }

  /** How many children have a level that is no wildcard. */
  literals(node: number): number {
    return this.page(node)[recordStart(node) + literalsField] as number;
  }

  addLiterals(node: number, count: number): void {
    this.page(node)[recordStart(node) + literalsField] = this.literals(node) + count;
  }

  isLeaf(node: number): boolean {
    return this.plus(node) === 0 && this.hash(node) === 0 && this.literals(node) === 0;
  }

  #append(): number {
    const node = this.#end++;
    reserveRecord(this.#pages, node, fields);
    return node;
  }
}

/** Where the record of a node begins in its page. */
export function recordStart(node: number): number {
  return (node & pageMask) * fields;
}
