import { coreBugs } from './core-bugs.ts';
import type { Bug } from './patch.ts';
import { storageBugs } from './storage-bugs.ts';

/** Every fault that the simulator has to find. */
export const bugs: readonly Bug[] = [...storageBugs, ...coreBugs];

/** Throws an Error that lists the known ones when there is none of this name. */
export function bugNamed(name: string): Bug {
  const found = bugs.find((bug) => bug.name === name);
  if (found !== undefined) return found;
  throw new Error(`There is no bug ${name}. Known are: ${bugs.map((bug) => bug.name).join(', ')}.`);
}
