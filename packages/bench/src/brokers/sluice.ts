import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificateIn } from '../certificate.ts';
import type { Broker, Start } from './broker.ts';

const server = fileURLToPath(new URL('../../../server/', import.meta.url));
const cli = path.join(server, 'dist/cli.js');

/** Sluice with its state in memory. */
export const sluice: Broker = {
  ...measuredSluice('sluice', () => ['--memory']),
  peers: ['aedes', 'mosquitto', 'bare'],
};

/** Sluice with access rules that allow what the loads do, and are asked for each message. */
export const sluiceRules: Broker = {
  ...measuredSluice('sluice-rules', () => ['--memory'], true),
  peers: ['sluice', 'aedes', 'mosquitto'],
};

/** Sluice on LevelDB as it is by default: it acknowledges after an fsync. */
export const sluiceLevel: Broker = onDisk('sluice-level', 'fsync');

/** Sluice on LevelDB, acknowledging after a write without an fsync. */
export const sluiceLevelWrite: Broker = onDisk('sluice-level-write', 'write');

// As a house of devices has them: one rule for each kind of topic, one with a placeholder, one denial.
const rules = [
  { effect: 'allow', action: 'all', topic: ['bench/in/#', 'bench/p/#', 'bench/out/#', 'rr/#'] },
  { effect: 'allow', action: 'publish', topic: 'status/%c' },
  { effect: 'deny', action: 'all', topic: 'bench/+/lock' },
];

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
  hasRules = false,
): Omit<Broker, 'peers'> {
  return {
    name,
    isRelay: false,
    knownFaults: [],
    unavailable: () => (existsSync(cli) ? undefined : 'packages/server is not built'),
    version: () => JSON.parse(readFileSync(path.join(server, 'package.json'), 'utf8')).version,
    command: (start) => ({
      program: process.execPath,
      arguments: [...[cli, 'start', ...storeFlags(start), ...configFlags(start, hasRules)]],
    }),
  };
}

/** A config file with the listener, the limits that the load would hit, and the flag that names it. */
function configFlags(start: Start, hasRules: boolean): string[] {
  const { directory, scenario } = start;
  const config = {
    listeners: [listener(start)],
    ...scenario.sluiceOptions,
    ...(scenario.sluiceLimits === undefined ? {} : { limits: scenario.sluiceLimits }),
    ...(hasRules ? { rules: writeJson(directory, 'rules.json', { rules }) } : {}),
  };
  return ['--config', writeJson(directory, 'config.json', config)];
}

function listener({ port, directory, scenario }: Start): object {
  if (scenario.load.tls === 1) return { type: 'tls', port, ...certificateIn(directory) };
  return { type: scenario.load.ws === 1 ? 'ws' : 'tcp', port };
}

function writeJson(directory: string, name: string, value: object): string {
  const file = path.join(directory, name);
  writeFileSync(file, JSON.stringify(value));
  return file;
}
