import { hashText, SlotTable } from '@sluice/persistence-memory';

/** What is below a level of a trie, as far as a table has to know. */
export interface Child {
  /** Whether its level, which begins at `start` in the topics below, is this one. */
  hasLevel(level: string, start: number): boolean;
}

const maxHoles = 16;

/**
 * Children by level, in the order in which they came, without a string for each. Who walks through the values meets
 * what stays; when there are too many holes, they go on in the list as it was.
 */
export class ChildTable<Value extends Child> {
  readonly #places: SlotTable<string>;
  #children: (Value | undefined)[] = [];

  constructor(start: number) {
    this.#places = new SlotTable({
      hash: hashText,
      has: (place, level) => (this.#children[place] as Value).hasLevel(level, start),
    });
  }

  get size(): number {
    return this.#places.size;
  }

  get(level: string): Value | undefined {
    const place = this.#places.get(level);
    return place === undefined ? undefined : this.#children[place];
  }

  /** Adds the child of a level, or puts it in the place of the one that is there. */
  set(level: string, child: Value): void {
    const place = this.#places.get(level);
    if (place !== undefined) this.#children[place] = child;
    else this.#places.set(level, this.#children.push(child) - 1);
  }

  delete(level: string): void {
    const place = this.#places.delete(level);
    if (place === undefined) return;
    this.#children[place] = undefined;
    if (this.#children.length > 2 * this.size + maxHoles) this.#compact();
  }

  /** With holes. */
  values(): IterableIterator<Value | undefined> {
    return this.#children.values();
  }

  #compact(): void {
    const places = new Uint32Array(this.#children.length);
    const children: Value[] = [];
    for (const [place, child] of this.#children.entries()) {
      if (child !== undefined) places[place] = children.push(child) - 1;
    }
    this.#places.renumber(places);
    this.#children = children;
  }
}
