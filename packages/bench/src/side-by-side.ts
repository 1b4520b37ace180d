import type { Broker } from './brokers/index.ts';
import { type RunSettings, runOnce } from './load-run.ts';
import type { Measurement } from './measurement.ts';
import type { Scenario } from './scenario.ts';

/** Which brokers meet which loads, and how often. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly brokersOf: (scenario: Scenario) => readonly Broker[];
  readonly runs: number;
}

/**
 * Runs each scenario against all brokers in turn, and the whole as often as the plan says: brokers that
 * are compared ran within seconds of each other.
 */
export async function* sideBySide(plan: Plan, settings: RunSettings): AsyncGenerator<Measurement> {
  for (let repetition = 1; repetition <= plan.runs; repetition++) {
    for (const scenario of plan.scenarios) {
      for (const broker of plan.brokersOf(scenario)) {
        if (broker.isRelay && scenario.relayPacketBytes === undefined) continue;
        yield await runOnce(broker, scenario, repetition, settings);
      }
    }
  }
}
