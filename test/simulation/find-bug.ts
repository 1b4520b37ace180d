import { bugNamed } from './bugs/index.ts';
import { simulate } from './simulate.ts';

/** Which seed showed a planted bug, and as what. */
export interface Finding {
  readonly bug: string;
  readonly seed: number;
  /** The rule that it broke; undefined when none of the seeds broke one. */
  readonly violation: string | undefined;
}

/** Plants a bug and plays seed after seed until a rule is broken; `first` is tried before all of them. */
export async function findBug(name: string, maxSeeds: number, first?: number): Promise<Finding> {
  const undo = bugNamed(name).plant();
  try {
    const known = first === undefined ? undefined : await firstViolation(first);
    if (first !== undefined && known !== undefined) {
      return { bug: name, seed: first, violation: known };
    }
    for (let seed = 1; seed <= maxSeeds; seed++) {
      const violation = await firstViolation(seed);
      if (violation !== undefined) return { bug: name, seed, violation };
    }
    return { bug: name, seed: maxSeeds, violation: undefined };
  } finally {
    undo();
  }
}

/** A broker with a bug may as well throw or hang a turn: that is found, too. */
async function firstViolation(seed: number): Promise<string | undefined> {
  try {
    return (await simulate(seed)).violations[0];
  } catch (error) {
    return `crash: ${error}`;
  }
}
