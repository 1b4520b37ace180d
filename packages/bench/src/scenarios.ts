import { sluiceHooks } from './brokers/sluice-hooks.ts';
import { durableScenarios } from './durable-scenarios.ts';
import { hardScenarios } from './hard-scenarios.ts';
import { type Phase, queuedAndDrained, type Regime, type Scenario } from './scenario.ts';

const delivered: readonly Phase[] = [
  { title: 'deliver', prefix: '', unit: 'message', hasLatency: true },
];
const connected: readonly Phase[] = [
  { title: 'connect', prefix: 'conn_', unit: 'connection', hasLatency: true },
];
const subscribedAndPublished: readonly Phase[] = [
  { title: 'subscribe', prefix: 'sub_', unit: 'subscription', hasLatency: false },
  { title: 'publish', prefix: 'pub_', unit: 'message', hasLatency: true },
];
const storedAndReplayed: readonly Phase[] = [
  { title: 'store', prefix: 'store_', unit: 'message', hasLatency: false },
  { title: 'wildcard SUBSCRIBE', prefix: 'wild_', unit: 'message', hasLatency: true },
];
type Row = Partial<Scenario> & Pick<Scenario, 'name' | 'title' | 'load'>;

const throughput = (regime: Regime, row: Row): Scenario => ({
  regime,
  phases: delivered,
  timeoutSeconds: 60,
  isDefault: true,
  ...row,
});
const pipelined = (row: Row): Scenario => throughput('pipelined', row);
const single = (row: Row): Scenario => throughput('one at a time', row);
const scale = (row: Row & Pick<Scenario, 'phases'>): Scenario => ({
  regime: 'scale',
  timeoutSeconds: 150,
  isDefault: true,
  ...row,
});

const timed = { payload: 32, secs: 2, warm: 0.6 } as const;
const fanIn = { ...timed, kind: 'fanin', nsub: 1 } as const;
const fanOut = { ...timed, kind: 'fanout', npub: 1, nsub: 1000 } as const;
const pairs = { ...timed, kind: 'pairs', npub: 50 } as const;

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  pipelined({
    name: 'fanin',
    title: 'fan-in, 50 publishers to 1, QoS 0',
    load: { ...fanIn, npub: 50, window: 400 },
    relayPacketBytes: 48,
  }),
  pipelined({
    name: 'fanout',
    title: 'fan-out, 1 to 1,000, QoS 0',
    load: { ...fanOut, window: 64 },
    relayPacketBytes: 49,
  }),
  pipelined({
    name: 'pairs0',
    title: '50 pairs, QoS 0',
    load: { ...pairs, window: 200 },
    relayPacketBytes: 47,
  }),
  pipelined({
    name: 'pairs1',
    title: '50 pairs, QoS 1, 20 in flight',
    load: { ...pairs, qos: 1, inflight: 20, window: 1000 },
  }),
  pipelined({
    name: 'pairs2',
    title: '50 pairs, QoS 2, 20 in flight',
    load: { ...pairs, qos: 2, inflight: 20, window: 200 },
  }),
  pipelined({
    name: 'fanout1k1',
    title: 'fan-out, 1 to 1,000, QoS 1',
    load: { ...fanOut, qos: 1, inflight: 10, window: 10 },
  }),
  single({
    name: 'faninw1',
    title: 'fan-in, 1,000 publishers to 1, QoS 0',
    load: { ...fanIn, npub: 1000, window: 1 },
    relayPacketBytes: 48,
  }),
  single({
    name: 'fanout1',
    title: 'fan-out, 1 to 1,000, QoS 0',
    load: { ...fanOut, window: 1 },
    relayPacketBytes: 49,
  }),
  single({
    name: 'pairs0w1',
    title: '50 pairs, QoS 0',
    load: { ...pairs, window: 1 },
    relayPacketBytes: 47,
  }),
  single({
    name: 'pingpong',
    title: 'round trip, 1 in flight, QoS 0',
    load: { ...timed, kind: 'pingpong', npub: 1 },
  }),
  single({
    name: 'storm',
    title: 'connections coming and going, 50 at once',
    load: { kind: 'storm', conc: 50, secs: 2, warm: 0.6 },
    phases: connected,
    brokers: ['sluice', 'aedes', 'mosquitto', 'bare'],
  }),
  scale({
    name: 'idle10k',
    title: '10,000 idle connections',
    load: { kind: 'idle', conns: 10_000 },
    phases: connected.map((phase) => ({ ...phase, hasLatency: false })),
    brokers: ['sluice', 'aedes', 'mosquitto', 'bare'],
    memory: { key: 'rss_kb_per_conn', bytesPerUnit: 1024, unit: 'connection' },
  }),
  scale({
    name: 'durable',
    title: '50 offline sessions, 500 messages each, QoS 1',
    load: { kind: 'durable', clients: 50, perclient: 500, inflight: 50 },
    phases: queuedAndDrained,
    memory: { key: 'rss_bytes_per_queued', bytesPerUnit: 1, unit: 'queued message' },
  }),
  scale({
    name: 'sub100k',
    title: '100,000 subscriptions of 1,000 clients',
    load: { kind: 'subscale', clients: 1000, total: 100_000, window: 2000, secs: 3, warm: 0.7 },
    phases: subscribedAndPublished,
    memory: { key: 'rss_bytes_per_sub', bytesPerUnit: 1, unit: 'subscription' },
  }),
  scale({
    name: 'ret100k',
    title: '100,000 retained messages; a wildcard SUBSCRIBE matches 1,000',
    load: { kind: 'retained', total: 100_000, inflight: 100 },
    phases: storedAndReplayed,
    memory: { key: 'rss_bytes_per_retained', bytesPerUnit: 1, unit: 'retained message' },
  }),
  pipelined({
    name: 'fanin1',
    title: 'fan-in, 50 publishers to 1, QoS 1, 20 in flight',
    load: { ...fanIn, npub: 50, qos: 1, inflight: 20, window: 20 },
    isDefault: false,
  }),
  pipelined({
    name: 'fanin-hooks',
    title: 'fan-in, 50 publishers to 1, QoS 0, with one synchronous hook each',
    load: { ...fanIn, npub: 50, window: 400 },
    brokers: ['sluice', ...sluiceHooks.map(({ name }) => name)],
    isDefault: false,
  }),
  single({
    name: 'pairs1w1',
    title: '50 pairs, QoS 1, 1 in flight',
    load: { ...pairs, qos: 1, inflight: 1, window: 1000 },
    isDefault: false,
  }),
  single({
    name: 'pingpong1',
    title: 'round trip, 1 in flight, QoS 1',
    load: { ...timed, kind: 'pingpong', npub: 1, qos: 1 },
    isDefault: false,
  }),
  scale({
    name: 'sub1M',
    title: '1,000,000 subscriptions of 1,000 clients',
    load: { kind: 'subscale', clients: 1000, total: 1_000_000, window: 2000, secs: 3, warm: 0.7 },
    phases: subscribedAndPublished,
    memory: { key: 'rss_bytes_per_sub', bytesPerUnit: 1, unit: 'subscription' },
    isDefault: false,
  }),
  scale({
    name: 'ret1M',
    title: '1,000,000 retained messages; a wildcard SUBSCRIBE matches 1,000',
    load: { kind: 'retained', total: 1_000_000, inflight: 100 },
    phases: storedAndReplayed,
    memory: { key: 'rss_bytes_per_retained', bytesPerUnit: 1, unit: 'retained message' },
    sluiceLimits: { maxRetainedMessages: 1_000_000 },
    isDefault: false,
  }),
  ...hardScenarios,
  ...durableScenarios,
];

/** The scenario of a name, if there is one. */
export function scenarioNamed(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name);
}
