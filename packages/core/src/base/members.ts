/** What keeps its own place among others of its kind. */
export interface Member {
  /** Index in the list that it is in; -1 when it is in none. */
  place: number;
}

/**
 * A set of objects that come and go, in no particular order. V8 links the table of a Set to the one that it grew out of
 * it, and once such a table is old, all who were ever in its successors stay in memory until the next full collection:
 * where clients come and go that was a third of what a connection took.
 */
export class Members<Value extends Member> implements Iterable<Value> {
  readonly #list: Value[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(member: Value): void {
    member.place = this.#list.length;
    this.#list.push(member);
  }

  /** False when it is in no list. The last one moves to its place. */
  delete(member: Value): boolean {
    const { place } = member;
    if (place === -1) return false;
    const last = this.#list.pop() as Value;
    if (last !== member) {
      this.#list[place] = last;
      last.place = place;
    }
    member.place = -1;
    return true;
  }

  /** From the last to the first: who stays meanwhile is met, however many leave, and who moves may be met twice. */
  *[Symbol.iterator](): IterableIterator<Value> {
    for (let place = this.#list.length - 1; place >= 0; place--) {
      const member = this.#list[place];
      if (member !== undefined) yield member;
    }
  }
}
