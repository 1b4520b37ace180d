import { HashDirectory, tableWithRoom } from './hash-directory.ts';
import { NameCharacters } from './name-characters.ts';
import { NameTable } from './name-table.ts';
import { pageBits, pageMask, recordPages, reserveRecord } from './record-pages.ts';
import { hashText } from './text-hash.ts';

const initialSlots = 16;

/** Of one table, which takes a fraction of a millisecond to be made two. */
const defaultMaxSlots = 2_048;

// Fields of a record.
const placeField = 0;
const hashField = 1;
const referencesField = 2;
const fields = 3;

/**
 * Numbers, from 1 on, for the names of levels in use, each counted as often as it was acquired. A name costs no
 * object, no substring is made to look one up, and no filter is kept alive.
 *
 *     tables       | id, hash | 0, 0 | id, hash | ...     by hash
 *     records      | place | hash | references | ...      by id; free ones are linked through `place`
 *     characters   the names themselves, by place
 */
export class LevelNames {
  readonly #maxSlots: number;
  readonly #records = recordPages(fields);
  readonly #characters = new NameCharacters((id, place) => this.#set(id, placeField, place));
  readonly #directory: HashDirectory<NameTable> = new HashDirectory(new NameTable(initialSlots));
  #idsEnd = 1;
  #freeId = 0;
  #size = 0;

  constructor(maxSlots: number = defaultMaxSlots) {
    this.#maxSlots = maxSlots;
  }

  /** How many names are in use. */
  get size(): number {
    return this.#size;
  }

  /** How many tables hold them. */
  get tables(): number {
    return this.#directory.tables.length;
  }

  /** How many bytes are allocated. */
  get bytes(): number {
    const { tables } = this.#directory;
    const slotBytes = tables.reduce((sum, { bytes }) => sum + bytes, 0);
    const recordBytes = this.#records.reduce((sum, page) => sum + page.byteLength, 0);
    return slotBytes + recordBytes + this.#characters.bytes;
  }

  /** The number of the name `text.slice(from, to)`, or 0. */
  find(text: string, from: number, to: number): number {
    return this.#find(hashText(text, from, to), text, from, to);
  }

  /** The number of the name `text.slice(from, to)`, which stays until it is released as often. */
  acquire(text: string, from: number, to: number): number {
    const hash = hashText(text, from, to);
    const found = this.#find(hash, text, from, to);
    if (found === 0) return this.#add(hash, text, from, to);
    this.#set(found, referencesField, this.#get(found, referencesField) + 1);
    return found;
  }

  release(id: number): void {
    const left = this.#get(id, referencesField) - 1;
    this.#set(id, referencesField, left);
    if (left > 0) return;
    const hash = this.#get(id, hashField);
    this.#directory.at(hash).delete(hash, id);
    this.#characters.release(this.#get(id, placeField));
    this.#set(id, placeField, this.#freeId);
    this.#freeId = id;
    this.#size--;
  }

  #find(hash: number, text: string, from: number, to: number): number {
    const table = this.#directory.at(hash);
    const characters = this.#characters;
    for (let slot = table.first(hash); ; slot = table.next(slot, hash)) {
      const id = table.idAt(slot);
      if (id === 0 || characters.equals(this.#get(id, placeField), text, from, to)) return id;
    }
  }

  #get(id: number, field: number): number {
    const page = this.#records[id >>> pageBits] as Int32Array;
    return page[(id & pageMask) * fields + field] as number;
  }

  #set(id: number, field: number, value: number): void {
    const page = this.#records[id >>> pageBits] as Int32Array;
    page[(id & pageMask) * fields + field] = value;
  }

  #add(hash: number, text: string, from: number, to: number): number {
    const id = this.#takeId();
    this.#set(id, placeField, this.#characters.store(id, text, from, to));
    this.#set(id, hashField, hash);
    this.#set(id, referencesField, 1);
    tableWithRoom(this.#directory, hash, this.#maxSlots).add(hash, id);
    this.#size++;
    return id;
  }

  #takeId(): number {
    const free = this.#freeId;
    if (free !== 0) {
      this.#freeId = this.#get(free, placeField);
      return free;
    }
    const id = this.#idsEnd++;
    reserveRecord(this.#records, id, fields);
    return id;
  }
}
