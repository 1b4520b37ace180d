import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Broker, Start } from './broker.ts';

const server = fileURLToPath(new URL('../../../server/', import.meta.url));
const cli = path.join(server, 'dist/cli.js');

/** Sluice with its state in memory. */
export const sluice: Broker = {
  ...measuredSluice('sluice', () => ['--memory']),
  peers: ['aedes', 'mosquitto'],
};

/** Sluice on LevelDB as it is by default: it acknowledges after an fsync. */
export const sluiceLevel: Broker = onDisk('sluice-level', 'fsync');

/** Sluice on LevelDB, acknowledging after a write without an fsync. */
export const sluiceLevelWrite: Broker = onDisk('sluice-level-write', 'write');

function onDisk(name: string, durability: 'fsync' | 'write'): Broker {
  const flags = ({ directory }: Start) => [
    ...['--data', path.join(directory, 'data')],
    ...['--durability', durability],
  ];
  return {
    ...measuredSluice(name, flags),
    peers: ['aedes-level', 'mosquitto-disk', 'mosquitto'],
  };
}

function measuredSluice(
  name: string,
  storeFlags: (start: Start) => readonly string[],
): Omit<Broker, 'peers'> {
  return {
    name,
    isRelay: false,
    knownFaults: [],
    unavailable: () => (existsSync(cli) ? undefined : 'packages/server is not built'),
    version: () => JSON.parse(readFileSync(path.join(server, 'package.json'), 'utf8')).version,
    command: (start) => ({
      program: process.execPath,
      arguments: [
        ...[cli, 'start', '--port', String(start.port), '--ws-port', '0'],
        ...storeFlags(start),
        ...limitFlags(start),
      ],
    }),
  };
}

/** A config file that raises the limits which the load would hit, and the flag that names it. */
function limitFlags({ directory, scenario }: Start): string[] {
  if (scenario.sluiceLimits === undefined) return [];
  const file = path.join(directory, 'config.json');
  writeFileSync(file, JSON.stringify({ limits: scenario.sluiceLimits }));
  return ['--config', file];
}
