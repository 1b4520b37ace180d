import { hashText } from './text-hash.ts';

const initialSlots = 16;
const initialCharacters = 128;

// Fields of a record.
const start = 0;
const length = 1;
const hash = 2;
const references = 3;
const fields = 4;

/**
 * Numbers, from 1 on, for the names of levels in use, each counted as often as it was acquired. All characters lie
 * in one array, so that a name costs no object, no substring is made to look one up, and no filter is kept alive.
 *
 *     slots       | id | 0 | id | ...                            open addressing; 0: a free slot
 *     records     | start | length | hash | references | ...     by id; free ones are linked through `start`
 *     characters  | temperature | hall | (released) | ...        compacted when the array is full
 */
export class LevelNames {
  #slots = new Int32Array(initialSlots);
  #records = new Int32Array(initialSlots * fields);
  #characters = new Uint16Array(initialCharacters);
  #charactersEnd = 0;
  #charactersInUse = 0;
  #idsEnd = 1;
  #freeId = 0;
  #size = 0;

  /** How many names are in use. */
  get size(): number {
    return this.#size;
  }

  /** How many bytes are allocated. */
  get bytes(): number {
    return this.#slots.byteLength + this.#records.byteLength + this.#characters.byteLength;
  }

  /** The number of the name `text.slice(from, to)`, or 0. */
  find(text: string, from: number, to: number): number {
    return this.#slots[this.#locate(text, from, to, hashText(text, from, to))] as number;
  }

  /** The number of the name `text.slice(from, to)`, which stays until it is released as often. */
  acquire(text: string, from: number, to: number): number {
    // At most two thirds full.
    if ((this.#size + 1) * 3 > this.#slots.length * 2) this.#growSlots();
    const hashed = hashText(text, from, to);
    const slot = this.#locate(text, from, to, hashed);
    const found = this.#slots[slot] as number;
    if (found !== 0) {
      this.#set(found, references, this.#get(found, references) + 1);
      return found;
    }
    // Before the name has its number: making room goes through all that have one.
    const begin = this.#store(text, from, to);
    const id = this.#takeId();
    this.#slots[slot] = id;
    this.#set(id, start, begin);
    this.#set(id, length, to - from);
    this.#set(id, hash, hashed);
    this.#set(id, references, 1);
    this.#size++;
    return id;
  }

  release(id: number): void {
    const left = this.#get(id, references) - 1;
    this.#set(id, references, left);
    if (left > 0) return;
    this.#vacate(id);
    this.#charactersInUse -= this.#get(id, length);
    this.#set(id, start, this.#freeId);
    this.#freeId = id;
    this.#size--;
  }

  #get(id: number, field: number): number {
    return this.#records[id * fields + field] as number;
  }

  #set(id: number, field: number, value: number): void {
    this.#records[id * fields + field] = value;
  }

  /** The slot of the name, or the free one where it belongs. */
  #locate(text: string, from: number, to: number, hashed: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashed & mask;
    for (;;) {
      const id = slots[slot] as number;
      if (id === 0) return slot;
      if (this.#get(id, hash) === hashed && this.#equals(id, text, from, to)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #equals(id: number, text: string, from: number, to: number): boolean {
    if (this.#get(id, length) !== to - from) return false;
    const characters = this.#characters;
    let at = this.#get(id, start);
    for (let i = from; i < to; i++) {
      if (characters[at++] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Frees the slot of a name. Later ones of the same run move up, unless they would then lie before their home. */
  #vacate(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let free = this.#get(id, hash) & mask;
    while (slots[free] !== id) free = (free + 1) & mask;
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#get(slots[slot] as number, hash) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot] as number;
      free = slot;
    }
    slots[free] = 0;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (const id of this.#slots) {
      if (id === 0) continue;
      let slot = this.#get(id, hash) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }

  #takeId(): number {
    const free = this.#freeId;
    if (free !== 0) {
      this.#freeId = this.#get(free, start);
      return free;
    }
    const id = this.#idsEnd++;
    if ((id + 1) * fields > this.#records.length) {
      const records = new Int32Array(this.#records.length * 2);
      records.set(this.#records);
      this.#records = records;
    }
    return id;
  }

  /** Copies the characters in and says where they begin. */
  #store(text: string, from: number, to: number): number {
    if (this.#charactersEnd + to - from > this.#characters.length) this.#makeRoom(to - from);
    const begin = this.#charactersEnd;
    for (let i = from; i < to; i++) this.#characters[this.#charactersEnd++] = text.charCodeAt(i);
    this.#charactersInUse += to - from;
    return begin;
  }

  /** Moves the characters to an array with as much room again; if any were released, only those in use. */
  #makeRoom(needed: number): void {
    const old = this.#characters;
    const isCompact = this.#charactersInUse === this.#charactersEnd;
    const size = Math.max(initialCharacters, (this.#charactersInUse + needed) * 2);
    const characters = new Uint16Array(size);
    this.#characters = characters;
    if (isCompact) {
      characters.set(old);
      return;
    }
    let end = 0;
    for (let id = 1; id < this.#idsEnd; id++) {
      if (this.#get(id, references) === 0) continue;
      let from = this.#get(id, start);
      this.#set(id, start, end);
      for (const to = from + this.#get(id, length); from < to; from++) {
        characters[end++] = old[from] as number;
      }
    }
    this.#charactersEnd = end;
  }
}
