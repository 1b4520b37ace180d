import type { Load } from './load.ts';
import type { Scenario } from './scenario.ts';

// The main loads where they are not easy. They run only when they are named.
const hard = (row: Pick<Scenario, 'name' | 'title' | 'load'> & Partial<Scenario>): Scenario => ({
  regime: 'pipelined',
  phases: [{ title: 'deliver', prefix: '', unit: 'message', hasLatency: true }],
  timeoutSeconds: 60,
  isDefault: false,
  ...row,
});

type Part = 'fanin' | 'pairs0' | 'pairs1' | 'fanout';

const timed = { payload: 32, secs: 2, warm: 0.6 } as const;
const easy: { readonly [Name in Part]: { readonly title: string; readonly load: Load } } = {
  fanin: {
    title: 'fan-in, 50 publishers to 1, QoS 0',
    load: { ...timed, kind: 'fanin', npub: 50, nsub: 1, window: 400 },
  },
  fanout: {
    title: 'fan-out, 1 to 1,000, QoS 0',
    load: { ...timed, kind: 'fanout', npub: 1, nsub: 1000, window: 64 },
  },
  pairs0: {
    title: '50 pairs, QoS 0',
    load: { ...timed, kind: 'pairs', npub: 50, window: 200 },
  },
  pairs1: {
    title: '50 pairs, QoS 1, 20 in flight',
    load: { ...timed, kind: 'pairs', npub: 50, qos: 1, inflight: 20, window: 1000 },
  },
};

/** Some of the main loads, each with the same thing made hard. */
function variants(
  parts: readonly Part[],
  suffix: string,
  what: string,
  load: Partial<Load>,
  more: Partial<Scenario> = {},
): Scenario[] {
  return parts.map((part) =>
    hard({
      name: `${part}-${suffix}`,
      title: `${easy[part].title}, ${what}`,
      load: { ...easy[part].load, ...load },
      ...more,
    }),
  );
}

// A full window waits for the one subscriber, and is a little more than the default of 1 MiB.
const wholeWindow = { sluiceLimits: { maxOutputBytes: 16 * 1024 * 1024 } };
const open: Partial<Scenario> = {
  sluiceOptions: { slowReceiver: 'pause' },
  figures: [{ key: 'peak_rss_mb', title: 'memory at its peak', unit: 'MB' }],
};
const main: readonly Part[] = ['fanin', 'fanout', 'pairs0', 'pairs1'];
/** Those that speak MQTT 5.0. */
const version5 = { brokers: ['sluice', 'mosquitto'] };

/** The main loads with what real clients do beside the one easy topic of a benchmark. */
export const hardScenarios: readonly Scenario[] = [
  ...variants(
    ['fanin'],
    'topics',
    '1,000 topics each in random order',
    { topics: 1000 },
    wholeWindow,
  ),
  ...variants(['pairs0', 'pairs1'], 'topics', '1,000 topics each in random order', {
    topics: 1000,
  }),
  ...variants(main, 'props', 'MQTT 5.0 with two properties', { v5: 1, props: 1 }, version5),
  ...variants(
    main,
    'alias',
    'MQTT 5.0, topic aliases of publishers',
    { v5: 1, alias: 1 },
    version5,
  ),
  ...variants(['fanin', 'pairs0'], '16b', 'payloads of 16 B', { payload: 16 }),
  ...variants(
    ['fanin', 'pairs0'],
    '1k',
    'payloads of 1 KB',
    { payload: 1024, window: 50 },
    wholeWindow,
  ),
  ...variants(['fanin'], '8k', 'payloads of 8 KB', { payload: 8192, window: 20 }, wholeWindow),
  hard({
    name: 'pairs0big',
    title: '50 pairs, QoS 0, payloads of 8 KB',
    load: { ...easy.pairs0.load, payload: 8192, window: 20 },
    relayPacketBytes: 8208,
  }),
  ...variants(['fanin', 'pairs0', 'pairs1'], 'cut', 'written in pieces of 100 bytes', { cut: 100 }),
  ...variants(['fanin'], 'overlap', 'four filters that all match', { overlap: 1 }),
  ...variants(
    main,
    'rules',
    'with and without access rules',
    {},
    {
      brokers: ['sluice', 'sluice-rules', 'aedes', 'mosquitto'],
    },
  ),
  // Without a window nothing but TCP holds publishers back: only a broker that makes them wait loses nothing.
  ...variants(['fanin', 'pairs0', 'pairs1'], 'open', 'without a window', { window: 0 }, open),
  // What lies in the buffers of TCP at its end is a minute of work for Sluice, and many for the others.
  ...variants(
    ['fanout'],
    'open',
    'without a window',
    { window: 0 },
    { ...open, brokers: ['sluice'], timeoutSeconds: 150 },
  ),
  ...variants(main, 'tls', 'TLS', { tls: 1 }),
  // Mosquitto as Debian packages it is built without what it needs for WebSocket.
  ...variants(main, 'ws', 'WebSocket', { ws: 1 }, { brokers: ['sluice', 'aedes'] }),
];
