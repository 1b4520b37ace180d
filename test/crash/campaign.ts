import { recorder } from './power-loss/recorder.ts';
import { sum, type Verdict } from './report.ts';
import { Trial } from './trial.ts';

export const modes = ['fsync', 'write', 'power'] as const;
/** A durability and `kill -9`, or 'fsync' and power cuts. */
export type Mode = (typeof modes)[number];

export interface CampaignOptions {
  readonly mode: Mode;
  /** How often a server dies, in all trials together; with 'power', how often the power fails. */
  readonly kills: number;
  readonly seed: number;
  /** How many trials run at a time. */
  readonly jobs: number;
  /** Told after each trial. */
  readonly onTrial?: (verdict: Verdict) => void;
}

// More and more waits for the absent: longer trials would be about little else.
const killsPerTrial = 20;

/** Runs trials one after the other, every second one over slow links, and adds up what they find. */
export async function campaign(options: CampaignOptions): Promise<Verdict> {
  const { mode, kills, seed, jobs, onTrial } = options;
  const common = {
    durability: mode === 'write' ? 'write' : 'fsync',
    ...(mode === 'power' && { recorder: libraryOf() }),
    keepsData: true,
  } as const;
  const verdicts: Verdict[] = [];
  const trials = Math.ceil(kills / killsPerTrial);
  let begun = 0;
  const work = async () => {
    while (begun < trials) {
      const index = begun++;
      const share = Math.min(killsPerTrial, kills - index * killsPerTrial);
      const isSlow = index % 2 === 1;
      const verdict = await Trial.run({ ...common, seed: seed + index, kills: share, isSlow });
      verdicts.push(verdict);
      onTrial?.(verdict);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return sum(verdicts);
}

function libraryOf(): string {
  const { library, missing } = recorder();
  if (library === undefined) throw new Error(`no power cuts here: ${missing}`);
  return library;
}
