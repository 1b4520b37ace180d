/**
 * The lowest seed that shows each bug, as `npm run simulate -- --bugs` prints it. Seeds change with the generator: one that
 * does not show its bug any more costs a new search, and no more.
 */
export const foundAt: ReadonlyMap<string, number> = new Map([]);
