import { allVectors } from './index.ts';

/** The rows of docs/hostile-packets.md: number, what is sent, and what becomes of it in 3.1.1 and 5.0. */
export function vectorRows(): string[][] {
  return allVectors
    .map(({ id, name, outcome }) => {
      const cells = [outcome[4] ?? '-', outcome[5] ?? '-'];
      return [id, name.replaceAll('|', '\\|'), ...cells];
    })
    .toSorted(([one = ''], [other = '']) => one.localeCompare(other));
}
