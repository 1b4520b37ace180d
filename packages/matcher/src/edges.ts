import { EdgeTable } from './edge-table.ts';
import { HashDirectory, tableWithRoom } from './hash-directory.ts';
import { hashPair } from './text-hash.ts';

const initialSlots = 16;

/** Of one table, which takes a fraction of a millisecond to be made two. */
const defaultMaxSlots = 2_048;

/** The edges of a trie, (parent, level) to child, all three above 0, in tables of which one at a time grows or is divided. */
export class Edges {
  readonly #maxSlots: number;
  readonly #directory: HashDirectory<EdgeTable> = new HashDirectory(new EdgeTable(initialSlots));
  #size = 0;

  constructor(maxSlots: number = defaultMaxSlots) {
    this.#maxSlots = maxSlots;
  }

  get size(): number {
    return this.#size;
  }

  /** How many tables hold them. */
  get tables(): number {
    return this.#directory.tables.length;
  }

  /** The child, or 0. */
  get(parent: number, level: number): number {
    const hash = hashPair(parent, level);
    return this.#directory.at(hash).get(hash, parent, level);
  }

  /** Adds an edge that is not there yet. */
  add(parent: number, level: number, child: number): void {
    const hash = hashPair(parent, level);
    tableWithRoom(this.#directory, hash, this.#maxSlots).add(hash, parent, level, child);
    this.#size++;
  }

  /** Removes an edge that is there. */
  delete(parent: number, level: number): void {
    const hash = hashPair(parent, level);
    this.#directory.at(hash).delete(hash, parent, level);
    this.#size--;
  }
}
