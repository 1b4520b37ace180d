const initialCharacters = 128;
const pageBits = 16;
const pageCharacters = 2 ** pageBits;

// Fields before the characters of a name.
const idField = 0;
const lengthField = 2;
const headCharacters = 4;

/** A part of all characters: so many from the beginning on are taken, and some of these were released since. */
interface Page {
  characters: Uint16Array;
  end: number;
  inUse: number;
}

/** Tells that a name lies at another place now. */
type OnMoved = (id: number, place: number) => void;

/**
 * The characters of names, each name with its number, in pages, so that making room moves one page at most. A name has a
 * place of 32 bits: the page, and where it begins there. One that is longer than a page has one of its own.
 *
 *     | id, id | length, length | temperature | id, id | length, length | hall | 0, 0 | length, length | (released) | ...
 */
export class NameCharacters {
  readonly #onMoved: OnMoved;
  readonly #pages: (Page | undefined)[] = [pageOf(initialCharacters)];
  /** The page that names are added to. */
  #current = 0;

  constructor(onMoved: OnMoved) {
    this.#onMoved = onMoved;
  }

  /** How many bytes are allocated. */
  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.characters.byteLength ?? 0), 0);
  }

  /** Copies the name `text.slice(from, to)` in and returns its place. */
  store(id: number, text: string, from: number, to: number): number {
    const needed = headCharacters + to - from;
    const index = this.#pageWithRoom(needed);
    const page = this.#page(index);
    const { characters } = page;
    const place = (index << pageBits) | page.end;
    writeNumber(characters, page.end + idField, id);
    writeNumber(characters, page.end + lengthField, to - from);
    let at = page.end + headCharacters;
    for (let i = from; i < to; i++) characters[at++] = text.charCodeAt(i);
    page.end = at;
    page.inUse += needed;
    return place;
  }

  /** Whether the name at this place is `text.slice(from, to)`. */
  equals(place: number, text: string, from: number, to: number): boolean {
    const { characters } = this.#page(place >>> pageBits);
    const begin = place & (pageCharacters - 1);
    if (readNumber(characters, begin + lengthField) !== to - from) return false;
    let at = begin + headCharacters;
    for (let i = from; i < to; i++) {
      if (characters[at++] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Gives the name at this place up. */
  release(place: number): void {
    const index = place >>> pageBits;
    const page = this.#page(index);
    const begin = place & (pageCharacters - 1);
    writeNumber(page.characters, begin + idField, 0);
    page.inUse -= headCharacters + readNumber(page.characters, begin + lengthField);
    if (page.inUse > 0) return;
    if (index === this.#current) page.end = 0;
    else this.#pages[index] = undefined;
  }

  #page(index: number): Page {
    return this.#pages[index] as Page;
  }

  /** The page where the next so many characters go. */
  #pageWithRoom(needed: number): number {
    if (needed > pageCharacters) return this.#add(pageOf(needed));
    const current = this.#page(this.#current);
    if (current.end + needed <= current.characters.length) return this.#current;
    const sparse = this.#sparsePage(needed);
    if (sparse >= 0) {
      this.#compact(sparse);
      this.#current = sparse;
    } else if (current.end + needed <= pageCharacters) enlarge(current, needed);
    else this.#current = this.#add(pageOf(pageCharacters));
    return this.#current;
  }

  /** The page with the fewest characters in use, if they are no more than half of it with those that are needed; or -1. */
  #sparsePage(needed: number): number {
    let sparse = -1;
    let least = Infinity;
    for (let index = 0; index < this.#pages.length; index++) {
      const page = this.#pages[index];
      if (page === undefined || page.inUse >= least) continue;
      if (page.inUse + needed > page.characters.length / 2) continue;
      sparse = index;
      least = page.inUse;
    }
    return sparse;
  }

  /** Moves the names of a page together. */
  #compact(index: number): void {
    const page = this.#page(index);
    const { characters } = page;
    let end = 0;
    for (let at = 0; at < page.end; ) {
      const id = readNumber(characters, at + idField);
      const next = at + headCharacters + readNumber(characters, at + lengthField);
      if (id !== 0) {
        characters.copyWithin(end, at, next);
        this.#onMoved(id, (index << pageBits) | end);
        end += next - at;
      }
      at = next;
    }
    page.end = end;
  }

  #add(page: Page): number {
    const free = this.#pages.indexOf(undefined);
    if (free < 0) return this.#pages.push(page) - 1;
    this.#pages[free] = page;
    return free;
  }
}

function pageOf(characters: number): Page {
  return { characters: new Uint16Array(characters), end: 0, inUse: 0 };
}

/** Gives a page that is not as large as pages become room for so many more. */
function enlarge(page: Page, needed: number): void {
  let size = page.characters.length;
  while (size < page.end + needed) size *= 2;
  const larger = new Uint16Array(size);
  larger.set(page.characters);
  page.characters = larger;
}

function readNumber(characters: Uint16Array, at: number): number {
  return (characters[at] as number) | ((characters[at + 1] as number) << 16);
}

function writeNumber(characters: Uint16Array, at: number, value: number): void {
  characters[at] = value;
  characters[at + 1] = value >>> 16;
}
