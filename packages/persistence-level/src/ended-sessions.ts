const bitsPerPage = 4096;

/**
 * Which session numbers have ended since the start, one bit each: a late operation of such a session would
 * give a reference back twice, once by itself and once by the sweep.
 */
export class EndedSessions {
  readonly #pages = new Map<number, Uint32Array>();

  has(session: number): boolean {
    const page = this.#pages.get(Math.floor(session / bitsPerPage));
    if (page === undefined) return false;
    const bit = session % bitsPerPage;
    return ((page[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  add(session: number): void {
    const index = Math.floor(session / bitsPerPage);
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = new Uint32Array(bitsPerPage / 32);
      this.#pages.set(index, page);
    }
    const bit = session % bitsPerPage;
    page[bit >>> 5] = (page[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  remove(session: number): void {
    const page = this.#pages.get(Math.floor(session / bitsPerPage));
    if (page === undefined) return;
    const bit = session % bitsPerPage;
    page[bit >>> 5] = (page[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
  }
}
