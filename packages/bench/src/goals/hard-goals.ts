import { usualBrokers } from '../brokers/index.ts';
import { hardScenarios } from '../hard-scenarios.ts';
import type { Scenario } from '../scenario.ts';
import { type Goal, goals } from './goals.ts';

/** How much of its ratio a load may lose that is not easy. */
const allowance = 1.5;

/** For each main load with something made hard: the goal of the easy one, against those that can play it as well. */
export const hardGoals: readonly Goal[] = hardScenarios.flatMap((scenario) => {
  const easy = easyGoals(scenario);
  const names = usualBrokers(scenario).map(({ name }) => name);
  const broker = names.includes('sluice-rules') ? 'sluice-rules' : 'sluice';
  return easy
    .filter(({ peer }) => peer !== undefined && names.includes(peer))
    .map(({ goal, floor = goal, ...rest }) => ({
      ...rest,
      what: scenario.title,
      scenario: scenario.name,
      broker,
      goal: goal * allowance,
      floor: floor * allowance,
    }));
});

function easyGoals({ name, load }: Scenario): readonly Goal[] {
  // What a message costs is no question where nothing holds publishers back.
  if (load.window === 0) return [];
  const part = name === 'pairs0big' ? 'pairs0' : name.split('-')[0];
  return goals.filter(({ scenario, figure }) => scenario === part && figure === 'cpu');
}
