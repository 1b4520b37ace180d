import { parseSharedFilter, type Qos, topicMatches } from '@sluice/packet';
import { type Delivery, describeDelivery, type Observation } from './observation.ts';
import type { ClientNumber, ConnectStep, Script, Step } from './script.ts';

/** Where in a script something was seen. */
export interface Place {
  readonly script: Script;
  readonly client: ClientNumber;
  /** Of the step. */
  readonly index: number;
}

/** What both sides saw. */
export type Pair = readonly [sluice: Observation, mosquitto: Observation];

/** A difference that has an explanation. */
export interface Allowance {
  /** Its heading in `allowed-differences.md`. */
  readonly name: string;
  /** Both sides without the difference, where it is this one. */
  settle(place: Place, sluice: Observation, mosquitto: Observation): Pair;
}

/** In the order in which they are tried. */
export const allowances: readonly Allowance[] = [
  {
    name: 'Reason code 0x10',
    settle: (_, ...pair) => {
      const [sluice, mosquitto] = pair.map((side) => ({
        ...side,
        answers: side.answers.map((one) => one.replace(/^(PUBACK|PUBREC) 0x10$/, '$1 0x00')),
      }));
      return [sluice ?? pair[0], mosquitto ?? pair[1]];
    },
  },
  {
    name: 'DISCONNECT of a session that is taken over',
    settle: (_, sluice, mosquitto) => {
      const isIt = sluice.closed === 'DISCONNECT 0x8e' && mosquitto.closed === 'closed';
      return [sluice, isIt ? { ...mosquitto, closed: 'DISCONNECT 0x8e' } : mosquitto];
    },
  },
  {
    name: 'Will of a session that is taken over',
    settle: ({ script, client, index }, sluice, mosquitto) => {
      const step = script.steps[index];
      const earlier = script.steps.slice(0, index).findLast((one) => isConnectOf(one, client));
      if (step === undefined || !isConnectOf(step, client) || earlier?.will === undefined) {
        return [sluice, mosquitto];
      }
      const { topic, payload } = earlier.will;
      const isOther = (one: Delivery) => one.topic !== topic || one.payload !== payload;
      const deliveries = mosquitto.deliveries.filter(isOther);
      return [
        { ...sluice, deliveries: sluice.deliveries.filter(isOther) },
        { ...mosquitto, deliveries },
      ];
    },
  },
  {
    name: 'One copy for overlapping subscriptions',
    settle: ({ script, client, index }, sluice, mosquitto) => {
      const step = script.steps[index]?.step;
      // A retained message comes once for each subscription from both.
      if (script.habits[client] !== 'overlapping' || step === 'subscribe') {
        return [sluice, mosquitto];
      }
      return [
        { ...sluice, deliveries: merged(sluice.deliveries, sluice) },
        {
          ...mosquitto,
          deliveries: merged(mosquitto.deliveries, sluice).map((delivery) =>
            step === 'connect' ? withQueuedIdentifiers(delivery, sluice) : delivery,
          ),
        },
      ];
    },
  },
  {
    name: 'Retained messages at QoS 0 while the window is full',
    settle: ({ script, client }, sluice, mosquitto) => {
      if (script.habits[client] !== 'windowed') return [sluice, mosquitto];
      return [onlyWindowed(sluice), onlyWindowed(mosquitto)];
    },
  },
  {
    name: 'UNSUBACK for a filter that begins with $',
    settle: ({ script, index }, sluice, mosquitto) => {
      const step = script.steps[index];
      if (step?.step !== 'unsubscribe') return [sluice, mosquitto];
      const answers = mosquitto.answers.map((answer, at) => {
        const expected = sluice.answers[at]?.split(' ') ?? [];
        const codes = answer.split(' ').map((code, place) => {
          // The name of the packet stands before the codes.
          const isSpecial = step.filters[place - 1]?.startsWith('$');
          return isSpecial && expected[place] === '0x11' ? '0x11' : code;
        });
        return codes.join(' ');
      });
      return [sluice, { ...mosquitto, answers }];
    },
  },
  {
    name: 'Retained messages to a shared subscription',
    settle: ({ script, index }, sluice, mosquitto) => {
      const step = script.steps[index];
      if (step?.step !== 'subscribe') return [sluice, mosquitto];
      const shared = step.subscriptions.flatMap(({ filter }) => parseSharedFilter(filter) ?? []);
      const expected = sluice.deliveries.map(describeDelivery);
      const deliveries = mosquitto.deliveries.filter((delivery) => {
        const at = expected.indexOf(describeDelivery(delivery));
        if (at >= 0) expected.splice(at, 1);
        return at >= 0 || !shared.some(({ filter }) => topicMatches(filter, delivery.topic));
      });
      const released = mosquitto.released.filter((payload) => sluice.released.includes(payload));
      return [sluice, { ...mosquitto, deliveries, released }];
    },
  },
];

/** Without what may wait for a place in the window, or not. */
function onlyWindowed(side: Observation): Observation {
  return { ...side, deliveries: side.deliveries.filter(({ qos, retain }) => qos > 0 || !retain) };
}

function isConnectOf(step: Step, client: ClientNumber): step is ConnectStep {
  return step.step === 'connect' && step.client === client;
}

/**
 * One delivery for all copies of a message, as section 3.3.4 has it where only one is sent: the highest
 * QoS, all identifiers. Whether it is marked as retained is open where the subscriptions disagree.
 */
function merged(deliveries: readonly Delivery[], sluice: Observation): Delivery[] {
  const messages = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { topic, payload, properties } = delivery;
    // Empty messages are told apart by nothing but their properties.
    const key = JSON.stringify([topic, payload, properties]);
    const copy = messages.get(key);
    if (copy === undefined) {
      messages.set(key, delivery);
      continue;
    }
    const ours = sluice.deliveries.find((one) => one.topic === topic && one.payload === payload);
    messages.set(key, {
      ...delivery,
      qos: Math.max(copy.qos, delivery.qos) as Qos,
      retain: copy.retain === delivery.retain ? copy.retain : (ours?.retain ?? true),
      identifiers: [...copy.identifiers, ...delivery.identifiers].sort((one, other) => one - other),
    });
  }
  return [...messages.values()];
}

/** A copy at QoS 0 is not queued for a client that is away: its identifier comes only with another copy. */
function withQueuedIdentifiers(delivery: Delivery, { deliveries }: Observation): Delivery {
  const { topic, payload } = delivery;
  const ours = deliveries.find((one) => one.topic === topic && one.payload === payload);
  const rest = [...(ours?.identifiers ?? [])];
  for (const identifier of delivery.identifiers) {
    const at = rest.indexOf(identifier);
    if (at < 0) return delivery;
    rest.splice(at, 1);
  }
  return { ...delivery, identifiers: ours?.identifiers ?? [] };
}
