import { findingOf, type Target } from './target.ts';

/** The simplest input found that breaks the same rule. */
export async function shrink<Input>(
  target: Target<Input>,
  failing: Input,
  rule: string,
  maxTries = 20_000,
): Promise<Input> {
  let smallest = failing;
  let tries = 0;
  for (let isSmaller = true; isSmaller && tries < maxTries; ) {
    isSmaller = false;
    for (const candidate of target.simpler(smallest)) {
      if (++tries > maxTries) break;
      if ((await brokenRule(target, candidate)) !== rule) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** The rule that an input breaks, if it does. */
export async function brokenRule<Input>(
  target: Target<Input>,
  input: Input,
): Promise<string | undefined> {
  try {
    await target.run(input);
    target.runAgain?.(input);
    return undefined;
  } catch (error) {
    return findingOf(error).rule;
  }
}

/** A list with parts of it left out, large parts first. */
export function* leavingOut<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < items.length; at += size) {
      if (size < items.length || items.length === 1) yield items.toSpliced(at, size);
    }
  }
}
