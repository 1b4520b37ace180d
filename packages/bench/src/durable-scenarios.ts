import type { Load } from './load.ts';
import { queuedAndDrained, type Restart, type Scenario } from './scenario.ts';

type Row = Partial<Scenario> & Pick<Scenario, 'name' | 'title' | 'load' | 'phases'>;

// All of these write to disk for long, and so run only when they are named.
const durable = (row: Row): Scenario => ({
  regime: 'durable',
  brokers: ['sluice-level', 'sluice-level-write', 'aedes-level', 'mosquitto-disk'],
  timeoutSeconds: 150,
  isDefault: false,
  ...row,
});

const unbounded = { maxQueuedMessages: 10_000_000, maxQueuedBytes: 17_179_869_184 } as const;
const manySessions = { ...unbounded, maxSessions: 200_000 } as const;
const onlySluice = ['sluice-level'] as const;

const acknowledged = [
  { title: 'acknowledge', prefix: '', unit: 'message', hasLatency: true },
] as const;
const acks = { kind: 'acks', payload: 100, inflight: 20, window: 1000, secs: 3, warm: 1 } as const;

function rate(name: string, npub: number, qos: 1 | 2, isOffline = false): Scenario {
  const receivers = isOffline ? 'sessions that are offline' : 'subscribers';
  return durable({
    name,
    title: `${npub} publishers, QoS ${qos}, 20 in flight, to as many durable ${receivers}`,
    load: { ...acks, npub, qos, ...(isOffline ? { offline: 1 } : {}) },
    phases: acknowledged,
    ...(isOffline ? { sluiceLimits: unbounded } : {}),
  });
}

const kilobyte = { payload: 1024, noise: 1 } as const;

function queue(name: string, count: number, row: Partial<Scenario>): Scenario {
  return durable({
    name,
    title: `${count.toLocaleString('en')} messages of 1 KB for one session that is offline, then drained`,
    load: { ...kilobyte, kind: 'durable', clients: 1, perclient: count, inflight: 100, limit: 200 },
    phases: queuedAndDrained,
    figures: [
      { key: 'queue_own_growth_mb', title: 'growth of its own memory, enqueueing', unit: 'MB' },
      { key: 'own_growth_mb', title: 'growth of its own memory, throughout', unit: 'MB' },
      { key: 'growth_mb', title: 'growth with pages of mapped files, throughout', unit: 'MB' },
    ],
    sluiceLimits: unbounded,
    timeoutSeconds: 430,
    ...row,
  });
}

function awayFanout(name: string, total: number, row: Partial<Scenario>): Scenario {
  return durable({
    name,
    title: `${total.toLocaleString('en')} messages of 1 KB, each for 1,000 sessions that are offline, one at a time`,
    load: { ...kilobyte, kind: 'offfan', clients: 1000, total, inflight: 1, wild: 10 },
    phases: acknowledged,
    storedMessages: total,
    figures: [
      { key: 'bodies_per_message', title: 'bodies on disk for each message', unit: 'bodies' },
      { key: 'live_bytes_per_message', title: 'keys and values for each message', unit: 'B' },
      { key: 'file_bytes_per_message', title: 'size of the files for each message', unit: 'B' },
    ],
    ...row,
  });
}

function restart(
  name: string,
  clients: number,
  signal: Restart['signal'],
  row: Partial<Scenario> = {},
): Scenario {
  const sessions: Pick<Load, 'payload' | 'clients' | 'perclient' | 'limit'> = {
    ...{ payload: 100, clients, perclient: 10, limit: 150 },
  };
  const [all, queued] = [clients, 10 * clients].map((count) => count.toLocaleString('en'));
  return durable({
    name,
    title: `${signal}, then a start with ${queued} messages queued for ${all} sessions`,
    load: { ...sessions, kind: 'fill', conc: 200, inflight: 1000 },
    restart: { signal, load: { ...sessions, kind: 'returning', wild: 500 } },
    phases: [{ title: 'return', prefix: 'return_', unit: 'session', hasLatency: true }],
    figures: [
      { key: 'ready_ms', title: 'from the start of the process to the first CONNACK', unit: 'ms' },
      { key: 'ready_own_mb', title: 'its own memory at the first CONNACK', unit: 'MB' },
      { key: 'peak_own_mb', title: 'most memory of its own from then on', unit: 'MB' },
      { key: 'peak_rss_mb', title: 'most memory, with pages of mapped files', unit: 'MB' },
      { key: 'first_max_ms', title: 'longest from CONNACK to first message', unit: 'ms' },
    ],
    sluiceLimits: manySessions,
    timeoutSeconds: 320,
    ...row,
  });
}

/** The loads for brokers that keep their state on disk. */
export const durableScenarios: readonly Scenario[] = [
  rate('durable1', 50, 1),
  rate('durable1-10', 10, 1),
  rate('durable1-offline', 50, 1, true),
  rate('durable2', 50, 2),
  rate('durable2-10', 10, 2),
  rate('durable2-offline', 50, 2, true),
  awayFanout('offline-fanout', 300, {}),
  // By then V8 has compiled what runs a thousand times for each message.
  awayFanout('offline-fanout-2k', 2_000, { brokers: onlySluice }),
  queue('offline-queue', 1_000_000, { brokers: onlySluice }),
  queue('offline-queue-100k', 100_000, {}),
  restart('restart', 100_000, 'SIGTERM', { brokers: onlySluice }),
  restart('restart-kill', 100_000, 'SIGKILL', { brokers: onlySluice }),
  restart('restart-100k', 10_000, 'SIGTERM'),
];
