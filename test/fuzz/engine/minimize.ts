import { Coverage } from '../coverage/counters.ts';
import { brokenRule } from './shrink.ts';
import type { Target } from './target.ts';

/** The shortest inputs that together reach every place that all of them reach. */
export async function minimize<Input>(
  target: Target<Input>,
  corpus: readonly Input[],
): Promise<Input[]> {
  const coverage = new Coverage();
  const shortestFirst = corpus.toSorted(
    (one, other) => target.write(one).length - target.write(other).length,
  );
  const kept: Input[] = [];
  for (const input of shortestFirst) {
    coverage.begin();
    await brokenRule(target, input);
    if (coverage.end().points > 0) kept.push(input);
  }
  return kept;
}
