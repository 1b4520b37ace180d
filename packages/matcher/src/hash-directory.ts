// Tables look at the last bits of a hash for a place, so that the first ones are left for the directory.
const hashBits = 32;
const maxDepth = 16;

/** Makes two tables of one: what has this bit in its hash is in the second one. */
type Divide<Table> = (table: Table, bit: number) => [Table, Table];

/** A table that grows up to some size before it is divided. */
export interface GrowingTable<Table> {
  readonly isFull: boolean;
  readonly slotCount: number;
  /** Has twice as many slots from now on. */
  grow(): void;
  /** What it holds in two tables with as many slots each; what has this bit in its hash is in the second one. */
  divided(bit: number): [Table, Table];
}

/**
 * Many small tables as one large one, which never moves all that it holds in one go: the first bits of a hash tell
 * the table, and a table that is full becomes two, each for half of its hashes.
 *
 *     first bits   000   001   010   011   100   101   110   111
 *     tables       [ A ] [ A ] [ B ] [ C ] [ D ] [ D ] [ D ] [ D ]      splitting B: twice as many places
 */
export class HashDirectory<Table> {
  /** A power of two, two at least: by no bits at all nothing can be shifted. */
  #places: Table[];
  #shift: number = hashBits - 1;

  constructor(first: Table) {
    this.#places = [first, first];
  }

  /** Each table once. */
  get tables(): Table[] {
    return this.#places.filter((table, place) => table !== this.#places[place - 1]);
  }

  /** The table for a hash of 32 bits. */
  at(hash: number): Table {
    return this.#places[hash >>> this.#shift] as Table;
  }

  /** Puts two tables in place of the one for this hash. False when there are as many places as there may be. */
  split(hash: number, divide: Divide<Table>): boolean {
    let [from, to] = this.#span(hash);
    if (to - from === 1) {
      if (this.#shift === hashBits - maxDepth) return false;
      this.#double();
      [from, to] = this.#span(hash);
    }
    const half = (to - from) / 2;
    const [first, second] = divide(this.at(hash), half << this.#shift);
    this.#places.fill(first, from, from + half).fill(second, from + half, to);
    return true;
  }

  /** The places of the table for this hash. */
  #span(hash: number): [from: number, to: number] {
    const table = this.at(hash);
    let from = hash >>> this.#shift;
    let to = from + 1;
    while (this.#places[from - 1] === table) from--;
    while (this.#places[to] === table) to++;
    return [from, to];
  }

  #double(): void {
    this.#places = this.#places.flatMap((table) => [table, table]);
    this.#shift--;
  }
}

const goldenRatio = (Math.sqrt(5) - 1) / 2;
let spread = 0;

/**
 * How many slots of a table may be in use: between a third and two thirds of them, of each table another part. Hashes fill
 * all tables alike, so that with one part for all they would be divided at the same time, and turns would be long for it.
 */
export function roomIn(slotCount: number): number {
  spread = (spread + goldenRatio) % 1;
  return Math.floor((slotCount * 2) / 3 / 2 ** spread);
}

/** The table for this hash, with room in it: one that was full has grown, or, with `maxSlots`, become two. */
export function tableWithRoom<Table extends GrowingTable<Table>>(
  directory: HashDirectory<Table>,
  hash: number,
  maxSlots: number,
): Table {
  let table = directory.at(hash);
  while (table.isFull) {
    if (table.slotCount < maxSlots || !directory.split(hash, divide)) table.grow();
    table = directory.at(hash);
  }
  return table;
}

function divide<Table extends GrowingTable<Table>>(table: Table, bit: number): [Table, Table] {
  return table.divided(bit);
}
