import { type Allowance, allowances, type Place } from './allowances.ts';
import {
  type Delivery,
  describeDelivery,
  type Observation,
  type Observations,
} from './observation.ts';
import type { Script } from './script.ts';

/** A client that saw something else of a step, after everything that is allowed to differ. */
export interface Difference {
  readonly place: Place;
  readonly sluice: readonly string[];
  readonly mosquitto: readonly string[];
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Names of the allowances that were needed. */
  readonly used: readonly string[];
}

export function compare(script: Script, sluice: Observations, mosquitto: Observations): Comparison {
  const differences: Difference[] = [];
  const used: string[] = [];
  for (const client of script.habits.keys()) {
    for (const index of script.steps.keys()) {
      const place: Place = { script, client, index };
      const ours = sluice[client]?.[index];
      const theirs = mosquitto[client]?.[index];
      if (ours === undefined || theirs === undefined) throw new Error('a step was not played');
      const difference = compareStep(place, ours, theirs, used);
      if (difference !== undefined) differences.push(difference);
    }
  }
  return { differences, used };
}

function compareStep(
  place: Place,
  sluice: Observation,
  mosquitto: Observation,
  used: string[],
): Difference | undefined {
  let ours = sluice;
  let theirs = mosquitto;
  const tried: readonly (Allowance | undefined)[] = [undefined, ...allowances];
  for (const allowance of tried) {
    if (allowance !== undefined) {
      const before = [...facts(place, ours), ...facts(place, theirs)].join('\n');
      [ours, theirs] = allowance.settle(place, ours, theirs);
      const after = [...facts(place, ours), ...facts(place, theirs)].join('\n');
      if (before !== after) used.push(allowance.name);
    }
    if (facts(place, ours).join('\n') === facts(place, theirs).join('\n')) return undefined;
  }
  return { place, sluice: facts(place, ours), mosquitto: facts(place, theirs) };
}

/**
 * What was seen, without the order that the standard leaves open: messages are in order for each
 * publisher, topic and QoS (section 4.6), answers for each kind.
 */
function facts(place: Place, { answers, deliveries, released, closed }: Observation): string[] {
  const isWindowed = place.script.habits[place.client] === 'windowed';
  return [
    ...grouped(answers, (answer) => answer.split(' ')[0] ?? ''),
    ...grouped(deliveries, stream).map(describeDelivery),
    // In the order of the PUBREC, and so in that of the messages: open between topics. Several copies of a
    // message make several of them.
    ...(isWindowed ? released : [...new Set(released)])
      .toSorted()
      .map((one) => `PUBREL of "${one}"`),
    ...(closed === undefined ? [] : [closed]),
  ];
}

/** Publisher and QoS, as its payload names them, and topic; an empty message names nobody. */
function stream({ topic, payload, properties }: Delivery): string {
  const [publisher, qos] = payload.split(' ');
  return payload === '' ? `${properties} ${topic}` : `${publisher} ${qos} ${topic}`;
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.keys()].sort().flatMap((key) => groups.get(key) ?? []);
}

export function describeDifference({ place, sluice, mosquitto }: Difference): string {
  const only = (ones: readonly string[], others: readonly string[]) =>
    ones.map((fact) => `${others.includes(fact) ? '   ' : ' ! '} ${fact}`);
  return [
    `step ${place.index + 1}, client c${place.client}`,
    '  Sluice',
    ...only(sluice, mosquitto),
    '  Mosquitto',
    ...only(mosquitto, sluice),
  ].join('\n');
}
