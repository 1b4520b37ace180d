import { describe, expect, it } from 'vitest';
import { figureBrokers, summarizeFigures } from '../src/figure-summary.ts';
import { run, scenario } from './figures.ts';

const measured = {
  ...scenario,
  figures: [
    { key: 'ready_ms', title: 'until ready', unit: 'ms' },
    { key: 'bodies', title: 'bodies on disk', unit: 'bodies' },
  ],
} as const;

function figures(broker: string, repetition: number, readyMs: number, problems: string[] = []) {
  return run(broker, repetition, 1, { figures: { ready_ms: readyMs }, problems });
}

describe('summarizeFigures', () => {
  it('takes the median of the valid runs of each broker', () => {
    const rows = summarizeFigures(
      [measured],
      [
        figures('sluice', 1, 9),
        figures('aedes', 1, 70),
        figures('sluice', 2, 5),
        figures('sluice', 3, 6),
        figures('sluice', 4, 1, ['3 messages lost']),
      ],
    );
    expect(rows).toEqual([
      {
        scenario: 'fanin',
        title: 'until ready',
        unit: 'ms',
        values: new Map([
          ['sluice', 6],
          ['aedes', 70],
        ]),
      },
    ]);
    expect(figureBrokers(rows)).toEqual(['sluice', 'aedes']);
  });

  it('has no rows for scenarios without figures', () => {
    expect(summarizeFigures([scenario], [figures('sluice', 1, 9)])).toEqual([]);
  });
});
