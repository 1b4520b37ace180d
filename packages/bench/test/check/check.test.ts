import { describe, expect, it } from 'vitest';
import { check, type Measure, measuredRatios, verdictLines } from '../../src/check/check.ts';
import { type SummaryRow, summarize } from '../../src/summary.ts';
import { run, scenario } from '../figures.ts';

const peers = new Map([['sluice', ['aedes']]]);
const bare = { memory: undefined } as object;

/** What a measurement in which Sluice needs `cpu` of Aedes' 10 comes to. */
function rows(cpu: number, name = 'fanin', problems: string[] = []): SummaryRow[] {
  const one = { ...scenario, ...bare, name };
  const own = { scenario: name, problems };
  return summarize([one], peers, [run('sluice', 1, cpu, own), run('aedes', 1, 10, own)]);
}

/** Measures what it is given, one answer for each call. */
function measuring(...answers: SummaryRow[][]) {
  const asked: (readonly string[])[] = [];
  const measure: Measure = async (names) => {
    asked.push(names);
    return answers[asked.length - 1] ?? [];
  };
  return { asked, measure };
}

const baseline = new Map([
  ['fanin/deliver/cpu', 0.1],
  ['storm/deliver/cpu', 0.1],
]);

describe('check', () => {
  it('measures once where nothing is worse', async () => {
    const { asked, measure } = measuring(rows(1.1));
    const verdict = await check(['fanin'], baseline, measure);
    expect(verdict).toEqual({ worse: [], better: [], problems: [] });
    expect(asked).toEqual([['fanin']]);
    expect(verdictLines(verdict)).toEqual(['Nothing became worse by more than 15 %.']);
  });

  it('measures a suspect again, alone, and names it when it is worse again', async () => {
    const { asked, measure } = measuring([...rows(2), ...rows(1, 'storm')], rows(1.5));
    const verdict = await check(['fanin', 'storm'], baseline, measure);
    expect(asked).toEqual([['fanin', 'storm'], ['fanin']]);
    expect(verdictLines(verdict)).toEqual([
      'WORSE fanin/deliver/cpu: 1/10.0 became 1/6.7, 50 % worse',
    ]);
  });

  it('forgets a suspect that was as before the second time', async () => {
    const { asked, measure } = measuring(rows(2), rows(1));
    expect((await check(['fanin'], baseline, measure)).worse).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('says what could not be judged', async () => {
    const { measure } = measuring([...rows(1, 'pairs'), ...rows(1, 'fanin', ['3 messages lost'])]);
    const { problems } = await check(['fanin', 'pairs'], baseline, measure);
    expect(problems).toEqual([
      'INVALID: fanin on sluice, 1 of 1 runs: 3 messages lost',
      'INVALID: fanin on aedes, 1 of 1 runs: 3 messages lost',
      'fanin/deliver/cpu: no run with a figure of sluice and aedes',
      'pairs/deliver/cpu: not in the baseline; npm run bench:check -- --update --scenario pairs adds it',
    ]);
  });
});

describe('measuredRatios', () => {
  it('has processor time, and memory where the scenario attributes it', () => {
    const both = summarize([scenario], peers, [run('sluice', 1, 1), run('aedes', 1, 10)]);
    expect(measuredRatios(both)).toEqual({
      ratios: new Map([
        ['fanin/deliver/cpu', 0.1],
        ['fanin/deliver/memory', 0.1],
      ]),
      problems: [],
    });
  });
});
