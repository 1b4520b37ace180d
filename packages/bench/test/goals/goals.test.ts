import { describe, expect, it } from 'vitest';
import { brokers } from '../../src/brokers/index.ts';
import { goalTable, resultsOf } from '../../src/goals/goal-table.ts';
import { type Goal, goals } from '../../src/goals/goals.ts';
import { hardGoals } from '../../src/goals/hard-goals.ts';
import { hardScenarios } from '../../src/hard-scenarios.ts';
import { scenarioNamed } from '../../src/scenarios.ts';
import { summarize } from '../../src/summary.ts';
import { run, scenario } from '../figures.ts';

const goal: Goal = {
  what: 'fan-in',
  scenario: 'fanin',
  phase: 'deliver',
  figure: 'cpu',
  broker: 'sluice',
  peer: 'aedes',
  goal: 1 / 100,
  floor: 1 / 40,
};

function report(...runs: ReturnType<typeof run>[]) {
  return {
    rows: summarize([scenario], new Map([['sluice', ['aedes']]]), runs),
    measurements: runs,
  };
}

function verdicts(some: readonly Goal[], ...reports: ReturnType<typeof report>[]) {
  return resultsOf(some, reports).map(({ verdict }) => verdict);
}

describe('goals', () => {
  it('are about scenarios, phases, figures and brokers that there are', () => {
    for (const { scenario: name, phase, figure, broker, peer } of [...goals, ...hardGoals]) {
      const one = scenarioNamed(name);
      const known = one?.restart === undefined ? one?.phases : one.phases;
      expect(
        known?.map(({ title }) => title),
        name,
      ).toContain(phase);
      if (typeof figure === 'object') {
        expect(
          one?.figures?.map(({ key }) => key),
          name,
        ).toContain(figure.key);
      }
      const own = brokers.find((candidate) => candidate.name === broker);
      expect(own, broker).toBeDefined();
      if (peer !== undefined && (figure === 'cpu' || figure === 'rate' || figure === 'memory')) {
        expect(own?.peers, `${broker} / ${peer}`).toContain(peer);
      }
    }
  });
});

describe('goals where it is not easy', () => {
  it('are there for every hard variant that has a window', () => {
    const named = new Set(hardGoals.map(({ scenario }) => scenario));
    const without = hardScenarios.filter(({ name }) => !named.has(name)).map(({ name }) => name);
    expect(without).toEqual(['fanin-open', 'pairs0-open', 'pairs1-open', 'fanout-open']);
  });

  it('leave half as much again as the easy one', () => {
    const found = hardGoals.filter(({ scenario }) => scenario === 'fanout-props');
    expect(found).toMatchObject([
      { peer: 'mosquitto', goal: (1 / 40) * 1.5, floor: (1 / 15) * 1.5 },
    ]);
  });
});

describe('resultsOf', () => {
  it('tells what is reached, missed, below the floor and not measured', () => {
    const at = (cpuMicros: number) =>
      verdicts([goal], report(run('sluice', 1, cpuMicros), run('aedes', 1, 100)));
    expect([at(1), at(2), at(3)]).toEqual([['reached'], ['missed'], ['below the floor']]);
    expect(verdicts([goal], report(run('sluice', 1, 1)))).toEqual(['not measured']);
  });

  it('does not count invalid runs', () => {
    const invalid = run('sluice', 1, 1, { problems: ['3 messages lost'] });
    expect(verdicts([goal], report(invalid, run('aedes', 1, 100)))).toEqual(['not measured']);
  });

  it('wants a rate to be at least the goal', () => {
    const rate: Goal = { ...goal, figure: 'rate', goal: 2, floor: 1.8 };
    const at = (cpuMicros: number) =>
      verdicts([rate], report(run('sluice', 1, cpuMicros), run('aedes', 1, 100)));
    expect([at(40), at(60)]).toEqual([['reached'], ['below the floor']]);
  });

  it('compares what has no peer with the figure itself, and looks figures up by key', () => {
    const { peer: _, floor: _none, ...absolute } = { ...goal, figure: 'p99', unit: 'µs' } as const;
    const keyed: Goal = { ...absolute, figure: { key: 'ready_ms' }, goal: 3_000 };
    const some = report(run('sluice', 1, 1, { figures: { ready_ms: 2_500 } }));
    expect(verdicts([{ ...absolute, goal: 900 }, { ...absolute, goal: 899 }, keyed], some)).toEqual(
      ['reached', 'missed', 'reached'],
    );
  });

  it('takes the last of several reports that measured it', () => {
    const good = report(run('sluice', 1, 1), run('aedes', 1, 100));
    const bad = report(run('sluice', 1, 9), run('aedes', 1, 100));
    expect(verdicts([goal], good, bad, report(run('aedes', 1, 100)))).toEqual(['below the floor']);
  });
});

describe('goalTable', () => {
  it('has the figure beside the goal and the floor', () => {
    const results = resultsOf([goal], [report(run('sluice', 1, 2), run('aedes', 1, 100))]);
    const cells = goalTable(results)
      .split('\n')[2]
      ?.split('|')
      .map((cell) => cell.trim());
    expect(cells).toEqual([
      '',
      '`fanin` fan-in',
      'deliver, cpu / aedes',
      '1/50',
      '≤ 1/100',
      '1/40',
      'missed',
      '',
    ]);
  });
});
