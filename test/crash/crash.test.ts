import { describe, expect, test } from 'vitest';
import { campaign } from './campaign.ts';
import { recorder } from './power-loss/recorder.ts';
import { Trial } from './trial.ts';

const kills = 40;
// Half of the time they wait for the disk and for one another.
const jobs = 4;
const timeoutMs = 600_000;

/** Longer campaigns, with other seeds: `npm run crash`. */
const seed = 1_000;

test.each(['fsync', 'write'] as const)(
  `a server with durability '%s' keeps its promises over ${kills} kills`,
  async (mode) => {
    const { examples, cycles, acknowledged } = await campaign({ mode, kills, seed, jobs });
    expect(examples).toEqual([]);
    expect(cycles).toBeGreaterThanOrEqual(kills);
    expect(acknowledged[1]).toBeGreaterThan(kills);
    expect(acknowledged[2]).toBeGreaterThan(kills);
  },
  timeoutMs,
);

const { library, missing } = recorder();

describe.skipIf(library === undefined)(
  `when the power fails${missing ? `: ${missing}` : ''}`,
  () => {
    test(
      `a server with durability 'fsync' keeps its promises over ${kills} power cuts`,
      async () => {
        // Some kills leave the power on.
        const options = { mode: 'power', kills: kills * 1.5, seed, jobs } as const;
        const { examples, powerCuts, acknowledged } = await campaign(options);
        expect(examples).toEqual([]);
        expect(powerCuts).toBeGreaterThanOrEqual(kills);
        expect(acknowledged[1]).toBeGreaterThan(kills);
        expect(acknowledged[2]).toBeGreaterThan(kills);
      },
      timeoutMs,
    );

    test(
      "a server with durability 'write' loses what it acknowledged",
      async () => {
        const options = {
          durability: 'write',
          recorder: library as string,
          isSlow: false,
        } as const;
        let lost = 0;
        // What a power cut takes is up to chance.
        for (let seed = 1; lost === 0 && seed <= 5; seed++) {
          const { broken } = await Trial.run({ ...options, seed, kills: 5, keepsData: false });
          lost = broken.lost;
        }
        expect(lost).toBeGreaterThan(0);
      },
      timeoutMs,
    );
  },
);
