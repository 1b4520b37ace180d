const initialRecords = 16;

/** Of the number of a record, those that tell where in its page it is. */
export const pageBits = 14;
/** The same as a mask. */
export const pageMask: number = 2 ** pageBits - 1;

/**
 * Records of so many integers each, by number, in pages: a page that is added moves none of the others, and a million
 * records are some dozens of objects to the garbage collector. All integers are 0 in the beginning.
 */
export function recordPages(fields: number): Int32Array[] {
  return [new Int32Array(initialRecords * fields)];
}

/** Makes room for the record that follows the last one. */
export function reserveRecord(pages: Int32Array[], record: number, fields: number): void {
  const index = record >>> pageBits;
  const page = pages[index];
  if (page === undefined) pages.push(new Int32Array((pageMask + 1) * fields));
  else if ((record & pageMask) * fields >= page.length) pages[index] = doubled(page);
}

/** The first page begins small. */
function doubled(page: Int32Array): Int32Array {
  const larger = new Int32Array(page.length * 2);
  larger.set(page);
  return larger;
}
