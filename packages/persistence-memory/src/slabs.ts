const pageBytes = 16_384;
const granularity = 8;
const slotBits = 11;
const slotMask = (1 << slotBits) - 1;
const none = 0xffff;

interface Page {
  readonly bytes: Buffer;
  readonly slotBytes: number;
  readonly slots: number;
  /** First slot that was used and is free again, each with the next one in its first two bytes; or `none`. */
  free: number;
  /** Slots from here on were never used. */
  end: number;
  used: number;
}

/**
 * Memory for a great many small records, which as objects would cost more than what is in them: pages of slots of one
 * size, each page one object to the garbage collector. A page goes as soon as nothing is left in it.
 *
 *     page of 48     | record  . | record   | (free) | record . | ...          a slot: the size rounded up to 8
 *     handle         page number << 11 | slot number                           below 2^32
 */
export class Slabs {
  readonly #pages: (Page | undefined)[] = [];
  readonly #freePages: number[] = [];
  /** By size of a slot: numbers of the pages with room, the one to be filled next last. */
  readonly #open = new Map<number, number[]>();

  /** How many bytes are allocated. */
  get bytes(): number {
    return (this.#pages.length - this.#freePages.length) * pageBytes;
  }

  /** Room for a record of 2 to 1,024 bytes, with whatever was there before in it. */
  allocate(size: number): number {
    const slotBytes = Math.ceil(size / granularity) * granularity;
    const index = this.#pageWithRoom(slotBytes);
    const page = this.#pages[index] as Page;
    let slot = page.free;
    if (slot === none) {
      slot = page.end++;
    } else {
      const at = slot * slotBytes;
      page.free = (page.bytes[at] as number) | ((page.bytes[at + 1] as number) << 8);
    }
    page.used++;
    if (page.used === page.slots) this.#close(index, slotBytes);
    return ((index << slotBits) | slot) >>> 0;
  }

  /** The page that a record lies in. */
  page(handle: number): Buffer {
    return this.#pageOf(handle).bytes;
  }

  /** Where in its page a record begins. */
  start(handle: number): number {
    return (handle & slotMask) * this.#pageOf(handle).slotBytes;
  }

  free(handle: number): void {
    const index = handle >>> slotBits;
    const page = this.#pageOf(handle);
    const { slotBytes, bytes } = page;
    if (page.used === page.slots) this.#openOf(slotBytes).push(index);
    page.used--;
    if (page.used === 0) {
      this.#close(index, slotBytes);
      this.#pages[index] = undefined;
      this.#freePages.push(index);
      return;
    }
    const slot = handle & slotMask;
    bytes[slot * slotBytes] = page.free & 0xff;
    bytes[slot * slotBytes + 1] = page.free >>> 8;
    page.free = slot;
  }

  #pageOf(handle: number): Page {
    return this.#pages[handle >>> slotBits] as Page;
  }

  #pageWithRoom(slotBytes: number): number {
    const open = this.#openOf(slotBytes);
    const last = open.at(-1);
    if (last !== undefined) return last;
    const index = this.#freePages.pop() ?? this.#pages.length;
    const slots = Math.floor(pageBytes / slotBytes);
    const bytes = Buffer.allocUnsafeSlow(pageBytes);
    this.#pages[index] = { bytes, slotBytes, slots, free: none, end: 0, used: 0 };
    open.push(index);
    return index;
  }

  #openOf(slotBytes: number): number[] {
    let open = this.#open.get(slotBytes);
    if (open === undefined) {
      open = [];
      this.#open.set(slotBytes, open);
    }
    return open;
  }

  /** It is no longer a page with room. */
  #close(index: number, slotBytes: number): void {
    const open = this.#openOf(slotBytes);
    // Most often the last one, which is being filled.
    const at = open.lastIndexOf(index);
    open[at] = open.at(-1) as number;
    open.pop();
  }
}
