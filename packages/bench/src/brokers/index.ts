import type { Scenario } from '../scenario.ts';
import { aedes, aedesLevel } from './aedes.ts';
import { bare } from './bare.ts';
import type { Broker } from './broker.ts';
import { mosquitto, mosquittoDisk } from './mosquitto.ts';
import { relay } from './relay.ts';
import { sluice, sluiceLevel, sluiceLevelWrite, sluiceRules } from './sluice.ts';
import { sluiceHooks } from './sluice-hooks.ts';

/** Every broker that can be measured, in the order of the columns. */
export const brokers: readonly Broker[] = [
  sluice,
  sluiceRules,
  sluiceLevel,
  sluiceLevelWrite,
  ...sluiceHooks,
  aedes,
  aedesLevel,
  mosquitto,
  mosquittoDisk,
  relay,
  bare,
];

/** The brokers that a scenario meets when none are named. */
export function usualBrokers(scenario: Scenario): readonly Broker[] {
  const names = scenario.brokers ?? ['sluice', 'aedes', 'mosquitto'];
  return brokers.filter(({ name }) => names.includes(name));
}

export type { Broker } from './broker.ts';
