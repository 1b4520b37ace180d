import { aedes, aedesLevel } from './aedes.ts';
import type { Broker } from './broker.ts';
import { mosquitto } from './mosquitto.ts';
import { relay } from './relay.ts';
import { sluice, sluiceLevel } from './sluice.ts';

/** Every broker that can be measured, in the order of the columns. */
export const brokers: readonly Broker[] = [
  sluice,
  sluiceLevel,
  aedes,
  aedesLevel,
  mosquitto,
  relay,
];

export type { Broker, Durability } from './broker.ts';
