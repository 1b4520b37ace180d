import { Dice, seedOf } from '../../simulation/dice.ts';
import type { Coverage } from '../coverage/counters.ts';
import { type Finding, findingOf, type Target } from './target.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  /** Called before each input; a watchdog looks at it. */
  readonly before?: (line: () => string) => void;
  /** Called every so often. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a run has come. */
export interface Progress {
  readonly inputs: number;
  /** Inputs that did something new. */
  readonly kept: number;
  readonly points: number;
  readonly features: number;
}

/** What a run came to; the same for the same seed. */
export interface Fuzzed<Input> extends Progress {
  /** The inputs that did something new, the known ones first. */
  readonly corpus: readonly Input[];
  readonly failure: { readonly input: Input; readonly finding: Finding } | undefined;
}

const inputsPerReport = 10_000;

/** Runs known inputs and then new ones, most of them made of those that did something new; ends at the first finding. */
export async function fuzz<Input>(
  target: Target<Input>,
  coverage: Coverage,
  { seed, inputs, before = () => {}, onProgress = () => {} }: FuzzOptions,
): Promise<Fuzzed<Input>> {
  const dice = new Dice(seedOf(seed));
  const corpus: Input[] = [];
  let count = 0;
  const progress = (): Progress => {
    const { points, features } = coverage;
    return { inputs: count, kept: corpus.length, points, features };
  };
  while (count < inputs) {
    const input = target.known[count] ?? next(target, corpus, dice);
    before(() => target.write(input));
    coverage.begin();
    try {
      const running = target.run(input);
      if (running !== undefined) await running;
      if (coverage.end().features > 0) corpus.push(input);
      target.runAgain?.(input);
    } catch (error) {
      return { ...progress(), corpus, failure: { input, finding: findingOf(error) } };
    }
    if (++count % inputsPerReport === 0) onProgress(progress());
  }
  return { ...progress(), corpus, failure: undefined };
}

function next<Input>(target: Target<Input>, corpus: readonly Input[], dice: Dice): Input {
  if (corpus.length === 0 || dice.chance(10)) return target.generate(dice);
  // What was found last has been tried least.
  const recent = Math.min(corpus.length, 64);
  const input = dice.chance(40) ? corpus.at(-1 - dice.below(recent)) : dice.pick(corpus);
  return target.mutate(input as Input, dice.pick(corpus), dice);
}
