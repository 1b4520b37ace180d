import type { Plugin } from '@sluice/plugin';
import { describeDifference } from './compare.ts';
import { Duel } from './duel.ts';
import { generateScript } from './generate.ts';
import { describeScript, type Script } from './script.ts';
import { shrink } from './shrink.ts';

export interface Failure {
  /** The smallest one that still fails. */
  readonly script: Script;
  /** The script, and what differs in it. */
  readonly report: string;
}

export interface Outcome {
  readonly failures: readonly Failure[];
  /** How much was played, and which differences were explained. */
  readonly summary: string;
}

const maxFailures = 5;

/** Plays the scripts of `count` seeds from `from` on; ends early when several have failed. */
export async function run(
  from: number,
  count: number,
  faults: readonly Plugin[] = [],
): Promise<Outcome> {
  const failures: Failure[] = [];
  const explained = new Map<string, number>();
  let duel = await Duel.start(faults);

  /** What is wrong with a script; empty where nothing is. */
  const play = async (script: Script): Promise<string> => {
    try {
      const { differences, used } = await duel.play(script);
      for (const name of used) explained.set(name, (explained.get(name) ?? 0) + 1);
      return differences.map(describeDifference).join('\n');
    } catch (error) {
      // One of the two hangs, and may have kept something of the script.
      await duel.close();
      duel = await Duel.start(faults);
      return String(error);
    }
  };

  let steps = 0;
  let seed = from;
  for (; seed < from + count && failures.length < maxFailures; seed++) {
    const script = generateScript(seed);
    steps += script.steps.length;
    if ((await play(script)) === '') continue;
    const smallest = await shrink(script, async (candidate) => (await play(candidate)) !== '');
    failures.push({
      script: smallest,
      report: `${describeScript(smallest)}\n${await play(smallest)}`,
    });
  }
  await duel.close();
  const table = [...explained].map(([name, times]) => `  ${name}: ${times} times`);
  return { failures, summary: [`${seed - from} scripts, ${steps} steps`, ...table].join('\n') };
}
