import { describe, expect, it } from 'vitest';
import { median, summarize } from '../src/summary.ts';
import { run, scenario } from './figures.ts';

const peers = new Map([['sluice', ['aedes', 'mosquitto']]]);

function cells(measurements: ReturnType<typeof run>[]) {
  const [row] = summarize([scenario], peers, measurements);
  return new Map(row?.cells.map((cell) => [cell.broker, cell]));
}

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2],
    [[undefined, 7, undefined], 7],
    [[], undefined],
    [[100, 20, 3], 20],
  ])('of %j is %j', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('summarize', () => {
  it('takes the medians of each broker', () => {
    const { perSecond, cpuMicros, p50Micros, p99Micros, runs, validRuns } =
      cells([run('sluice', 1, 1), run('sluice', 2, 4), run('sluice', 3, 2)]).get('sluice') ?? {};
    expect({ perSecond, cpuMicros, p50Micros, p99Micros, runs, validRuns }).toEqual({
      perSecond: 500_000,
      cpuMicros: 2,
      p50Micros: 100,
      p99Micros: 900,
      runs: 3,
      validRuns: 3,
    });
  });

  it('divides within a repetition, before it takes the median', () => {
    // The machine slows down fivefold: the medians of each would give 5 / 40 = 1/8.
    const found = cells([
      run('sluice', 1, 1),
      run('aedes', 1, 10),
      run('sluice', 2, 5),
      run('aedes', 2, 50),
      run('sluice', 3, 6),
      run('aedes', 3, 40),
    ]);
    expect(found.get('sluice')?.cpuRatios).toEqual({ aedes: 0.1 });
    expect(found.get('sluice')?.rateRatios).toEqual({ aedes: 10 });
    expect(found.get('sluice')?.memoryRatios).toEqual({ aedes: 0.1 });
    expect(found.get('aedes')?.cpuRatios).toEqual({});
  });

  it('leaves invalid runs out of medians and ratios, and names them', () => {
    const broken = { problems: ['3 messages lost'], lost: 3 };
    const found = cells([
      run('sluice', 1, 1),
      run('sluice', 2, 999, broken),
      run('aedes', 1, 10, { problems: ['not done within 60 s'], phases: [] }),
      run('aedes', 2, 10),
    ]);
    expect(found.get('sluice')).toMatchObject({
      cpuMicros: 1,
      runs: 2,
      validRuns: 1,
      lost: 3,
      problems: ['3 messages lost'],
      cpuRatios: {},
    });
  });

  it('has no figures for a broker without a valid run', () => {
    const cell = cells([run('sluice', 1, 1, { problems: ['it failed its check'] })]).get('sluice');
    expect(cell).not.toHaveProperty('cpuMicros');
    expect(cell).toMatchObject({ runs: 1, validRuns: 0 });
  });

  it('leaves out scenarios that did not run', () => {
    expect(summarize([{ ...scenario, name: 'other' }], peers, [run('sluice', 1, 1)])).toEqual([]);
  });
});
