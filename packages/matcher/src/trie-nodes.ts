const initialNodes = 16;

const fields = 5;
const parentField = 0;
const levelField = 1;
const plusField = 2;
const hashField = 3;
const literalsField = 4;

/** The node above all levels. */
export const root = 1;

/**
 * The nodes of a trie as numbers, from the root, 1, on; 0 is no node. One record of integers each, so that a
 * million nodes are one object to the garbage collector:
 *
 *     | parent | level | child for "+" | child for "#" | number of other children |     free ones: | next free | ...
 */
export class TrieNodes {
  #records = new Int32Array(initialNodes * fields);
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
    const at = node * fields;
    this.#records[at + parentField] = parent;
    this.#records[at + levelField] = level;
    this.#size++;
    return node;
  }

  /** Gives a node without children back. */
  delete(node: number): void {
    const at = node * fields;
    this.#records[at + parentField] = this.#free;
    this.#free = node;
    this.#size--;
  }

  parent(node: number): number {
    return this.#records[node * fields + parentField] as number;
  }

  level(node: number): number {
    return this.#records[node * fields + levelField] as number;
  }

  /** The child for the level `+`, or 0. */
  plus(node: number): number {
    return this.#records[node * fields + plusField] as number;
  }

  setPlus(node: number, child: number): void {
    this.#records[node * fields + plusField] = child;
  }

  /** The child for the level `#`, or 0. */
  hash(node: number): number {
    return this.#records[node * fields + hashField] as number;
  }

  setHash(node: number, child: number): void {
    this.#records[node * fields + hashField] = child;
  }

  /** How many children have a level that is no wildcard. */
  literals(node: number): number {
    return this.#records[node * fields + literalsField] as number;
  }

  addLiterals(node: number, count: number): void {
    this.#records[node * fields + literalsField] = this.literals(node) + count;
  }

  isLeaf(node: number): boolean {
    return this.plus(node) === 0 && this.hash(node) === 0 && this.literals(node) === 0;
  }

  #append(): number {
    const node = this.#end++;
    if ((node + 1) * fields > this.#records.length) {
      const records = new Int32Array(this.#records.length * 2);
      records.set(this.#records);
      this.#records = records;
    }
    return node;
  }
}
