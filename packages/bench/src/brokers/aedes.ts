import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificateIn } from '../certificate.ts';
import type { Broker, Start } from './broker.ts';

const server = fileURLToPath(new URL('../aedes-server.js', import.meta.url));
const manifest = new URL('../../node_modules/aedes/package.json', import.meta.url);

// A wildcard SUBSCRIBE at QoS 0 gets retained messages at the QoS at which they were published.
const faults = ['wrong_qos'] as const;

/** Aedes with its state in memory. */
export const aedes: Broker = measuredAedes('aedes', faults, () => []);

/** Aedes on LevelDB, which it does not ask to fsync. */
export const aedesLevel: Broker = measuredAedes(
  'aedes-level',
  // It acknowledges before it stores, and under load loses, repeats and reorders messages for durable sessions.
  [...faults, 'lost', 'dup_or_reorder', 'gaps'],
  ({ directory }) => [path.join(directory, 'data')],
);

function measuredAedes(
  name: string,
  knownFaults: readonly string[],
  store: (start: Start) => readonly string[],
): Broker {
  return {
    name,
    peers: [],
    isRelay: false,
    knownFaults,
    unavailable: () => undefined,
    version: () => JSON.parse(readFileSync(manifest, 'utf8')).version,
    command: (start) => ({
      program: process.execPath,
      arguments: [server, String(start.port), ...store(start)],
      environment: transport(start),
    }),
  };
}

function transport({ directory, scenario }: Start): Record<string, string> {
  if (scenario.load.ws === 1) return { BENCH_WS: '1' };
  if (scenario.load.tls !== 1) return {};
  const { cert, key } = certificateIn(directory);
  return { BENCH_CERT: cert, BENCH_KEY: key };
}
