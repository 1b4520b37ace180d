import { resolve } from 'node:path';
import { BrokerError, type Durability } from '@sluice/plugin';
import type { DamageReport } from './damage-report.ts';
import { LevelErrorCode } from './errors.ts';

export interface LevelOptions {
  /** Directory of the store; created if it is missing. One process at a time may have it open. */
  readonly path: string;
  /** 'fsync' by default. 'write' survives the death of the process only, 'none' nothing. */
  readonly durability?: Durability | undefined;
  /** Cache of uncompressed blocks, 8 MiB by default. */
  readonly cacheBytes?: number | undefined;
  /** Size of the table in memory (up to two exist), 4 MiB by default. Larger writes faster and starts slower. */
  readonly writeBufferBytes?: number | undefined;
  /** How much of LevelDB's tables a start checks before LevelDB reads them, newest first: 0 to Infinity, 64 MiB by default. */
  readonly verifyBytes?: number | undefined;
  /** true: before opening, salvage a store that is refused as damaged or rolled back. false by default. */
  readonly repair?: boolean | undefined;
  /** Called for each record that fails its checksum: it was put aside, the rest goes on. */
  readonly onCorrupt?: ((report: DamageReport) => void) | undefined;
}

/** Options with every default in place. */
export interface ResolvedOptions {
  readonly path: string;
  readonly durability: Durability;
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
  readonly verifyBytes: number;
  readonly repair: boolean;
  readonly onCorrupt: (report: DamageReport) => void;
}

const names: ReadonlySet<string> = new Set<keyof LevelOptions>([
  'path',
  'durability',
  'cacheBytes',
  'writeBufferBytes',
  'verifyBytes',
  'repair',
  'onCorrupt',
]);
const durabilities: ReadonlySet<unknown> = new Set<Durability>(['fsync', 'write', 'none']);
const mebibyte = 1024 * 1024;
const minBytes = 64 * 1024;
const maxBytes = 1024 * mebibyte;

/** Checks options and fills in defaults. Throws SLUICE_LEVEL_OPTIONS. */
export function resolveOptions(options: LevelOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', 'must be an object with a path');
  }
  for (const name of Object.keys(options)) {
    if (!names.has(name)) throw invalid(name, `is unknown: use ${[...names].join(', ')}`);
  }
  const { path, durability = 'fsync', repair = false, onCorrupt = () => {} } = options;
  if (typeof path !== 'string' || path === '') {
    throw invalid('path', 'must be the directory of the store, as a string that is not empty');
  }
  if (!durabilities.has(durability)) {
    throw invalid('durability', "must be 'fsync', 'write' or 'none'");
  }
  if (typeof repair !== 'boolean') throw invalid('repair', 'must be true or false');
  if (typeof onCorrupt !== 'function') throw invalid('onCorrupt', 'must be a function');
  const { verifyBytes = 64 * mebibyte } = options;
  if (typeof verifyBytes !== 'number' || !(verifyBytes >= 0)) {
    throw invalid('verifyBytes', 'must be a number of bytes from 0 to Infinity');
  }
  return {
    path: resolve(path),
    durability,
    cacheBytes: bytes('cacheBytes', options.cacheBytes, 8 * mebibyte),
    writeBufferBytes: bytes('writeBufferBytes', options.writeBufferBytes, 4 * mebibyte),
    verifyBytes,
    repair,
    onCorrupt,
  };
}

function bytes(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard;
  if (Number.isInteger(value) && value >= minBytes && value <= maxBytes) return value;
  throw invalid(name, `must be a whole number of bytes from ${minBytes} to ${maxBytes}`);
}

function invalid(name: string, what: string): BrokerError {
  return new BrokerError(LevelErrorCode.options, `Option ${name} of level() ${what}.`);
}
