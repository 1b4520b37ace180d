/** A figure of a phase, or by its key one that the scenario names besides. */
export type GoalFigure = 'cpu' | 'memory' | 'p50' | 'p99' | 'rate' | { readonly key: string };

/** How well Sluice is to do in one scenario. Less is better, except for `rate`. */
export interface Goal {
  readonly what: string;
  readonly scenario: string;
  readonly phase: string;
  readonly figure: GoalFigure;
  readonly broker: string;
  /** Whose figure is divided by; without it the figure itself counts. */
  readonly peer?: string;
  /** Of a figure without a peer. */
  readonly unit?: string;
  readonly goal: number;
  /** What has to be reached at least. */
  readonly floor?: number;
}

type Subject = Pick<Goal, 'what' | 'scenario' | 'phase'>;
type Bars = readonly [goal: number, floor?: number];

const than = (
  subject: Subject,
  figure: GoalFigure,
  peer: string,
  [goal, floor]: Bars,
  broker = 'sluice',
): Goal => ({
  ...subject,
  figure,
  broker,
  peer,
  goal,
  ...(floor === undefined ? {} : { floor }),
});

const atMost = (subject: Subject, figure: GoalFigure, goal: number, unit: string): Goal => ({
  ...subject,
  figure,
  broker: 'sluice-level',
  goal,
  unit,
});

function delivery(scenario: string, what: string, aedes: Bars, mosquitto: Bars): Goal[] {
  const subject = { what, scenario, phase: 'deliver' };
  return [than(subject, 'cpu', 'aedes', aedes), than(subject, 'cpu', 'mosquitto', mosquitto)];
}

const roundTrip = { what: 'round trip, one in flight', scenario: 'pingpong', phase: 'deliver' };
const storm = { what: 'connections coming and going', scenario: 'storm', phase: 'connect' };
const idle = { what: '10,000 idle connections', scenario: 'idle10k', phase: 'connect' };
const subscribed = { what: '1 M subscriptions', scenario: 'sub1M', phase: 'subscribe' };
const published = { ...subscribed, phase: 'publish' };
const retained = { what: '1 M retained messages', scenario: 'ret1M', phase: 'store' };
const replayed = { ...retained, phase: 'wildcard SUBSCRIBE' };
const enqueued = { what: 'durable, sessions offline', scenario: 'durable', phase: 'enqueue' };
const drained = { ...enqueued, phase: 'drain' };
const acknowledged = (scenario: string, what: string): Subject => ({
  what,
  scenario,
  phase: 'acknowledge',
});
const durable1 = acknowledged('durable1', 'durable QoS 1, 50 publishers');
const durable2 = acknowledged('durable2', 'durable QoS 2, 50 publishers');
const returned = {
  what: '1 M queued for 100,000 sessions, restart',
  scenario: 'restart-kill',
  phase: 'return',
};
const level = 'sluice-level';

/** Every goal that is a figure of a scenario, in the order in which they are shown. */
export const goals: readonly Goal[] = [
  ...delivery('fanin', 'fan-in, pipelined, QoS 0', [1 / 100, 1 / 40], [1 / 15, 1 / 6]),
  ...delivery('fanout', 'fan-out 1 to 1,000, pipelined, QoS 0', [1 / 60, 1 / 25], [1 / 40, 1 / 15]),
  ...delivery('pairs0', '50 pairs, pipelined, QoS 0', [1 / 40, 1 / 15], [1 / 18, 1 / 6]),
  ...delivery('pairs1', '50 pairs, QoS 1, 20 in flight', [1 / 14, 1 / 8], [1 / 7, 1 / 4]),
  ...delivery('fanout1k1', 'fan-out 1 to 1,000, QoS 1', [1 / 8, 1 / 4], [1 / 5, 1 / 3]),
  ...delivery('pairs2', '50 pairs, QoS 2', [1 / 12, 1 / 6], [1 / 6, 1 / 3]),
  ...delivery('fanout1', 'fan-out, one message at a time', [0.55, 0.7], [0.65, 0.85]),
  ...delivery('faninw1', 'fan-in from 1,000, one message at a time', [0.22, 0.4], [0.65, 1.1]),
  ...delivery('pairs0w1', '50 pairs, one message at a time', [0.42, 0.55], [0.9, 1.15]),
  than(roundTrip, 'p50', 'mosquitto', [1.05, 1.2]),
  than(roundTrip, 'p99', 'mosquitto', [1.5]),
  than(roundTrip, 'cpu', 'aedes', [0.8]),
  than(storm, 'cpu', 'aedes', [0.3, 0.5]),
  than(storm, 'cpu', 'bare', [1.6]),
  than(idle, 'memory', 'aedes', [0.5, 0.7]),
  { ...atMost(idle, 'memory', 7168, 'B'), broker: 'sluice' },
  than(subscribed, 'memory', 'aedes', [0.3, 0.5]),
  than(subscribed, 'memory', 'mosquitto', [0.3, 0.5]),
  than(subscribed, 'cpu', 'aedes', [0.3, 0.5]),
  than(published, 'cpu', 'aedes', [0.45, 0.6]),
  than(published, 'cpu', 'mosquitto', [0.8]),
  than(retained, 'memory', 'mosquitto', [0.9]),
  than(replayed, 'cpu', 'mosquitto', [1]),
  than(replayed, 'cpu', 'aedes', [1 / 20, 1 / 20]),
  than(enqueued, 'cpu', 'aedes-level', [0.4], level),
  than(drained, 'cpu', 'aedes-level', [1 / 15, 1 / 5], level),
  than(durable1, 'rate', 'aedes-level', [2], level),
  atMost(durable1, 'p99', 35_000, 'µs'),
  than(durable2, 'rate', 'aedes-level', [4], level),
  atMost(durable2, 'p99', 35_000, 'µs'),
  atMost(acknowledged('durable1-10', 'durable QoS 1, 10 publishers'), 'p99', 35_000, 'µs'),
  atMost(acknowledged('durable2-10', 'durable QoS 2, 10 publishers'), 'p99', 35_000, 'µs'),
  atMost(
    acknowledged('offline-fanout-2k', 'one publish for 1,000 sessions offline'),
    'cpu',
    2_000,
    'µs',
  ),
  atMost(
    acknowledged('offline-fanout-2k', 'one publish for 1,000 sessions offline'),
    { key: 'bodies_per_message' },
    1,
    'bodies',
  ),
  atMost(
    { what: '1 M messages of 1 KB for one session', scenario: 'offline-queue', phase: 'drain' },
    { key: 'own_growth_mb' },
    50,
    'MB',
  ),
  atMost(returned, { key: 'ready_ms' }, 3_000, 'ms'),
  atMost(returned, { key: 'ready_own_mb' }, 300, 'MB'),
  atMost(returned, { key: 'first_max_ms' }, 50, 'ms'),
];
