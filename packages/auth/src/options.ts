import { checkRecord, fault, type Source } from './document.ts';
import type { RulesFile } from './rules-file.ts';
import type { UsersFile } from './users-file.ts';

export interface AuthOptions {
  /** Path of the users file, or its content. Without it the plug-in authenticates nobody. */
  readonly users?: string | UsersFile | undefined;
  /** Path of the rules file, or its content. Without it the plug-in authorizes nothing. */
  readonly rules?: string | RulesFile | undefined;
  /** Whether a client without a user name may connect where there are users; false by default. */
  readonly allowAnonymous?: boolean | undefined;
  /**
   * Another plug-in authenticates, so that rules may name users although `users` is not given;
   * false by default.
   */
  readonly externalIdentities?: boolean | undefined;
  /** Passwords hashed at the same time, 1 to 64; 2 by default, which leaves the disk its threads. */
  readonly maxParallelHashes?: number | undefined;
  /** Passwords that wait for it, 0 to 100,000; 100 by default. Beyond it clients are refused as server busy. */
  readonly maxQueuedHashes?: number | undefined;
}

/** Options after checking, with every default filled in. */
export interface Settings {
  readonly users: string | object | undefined;
  readonly rules: string | object | undefined;
  readonly allowAnonymous: boolean;
  readonly maxParallelHashes: number;
  readonly maxQueuedHashes: number;
  /** Whether somebody verifies who a client is. */
  readonly identities: boolean;
}

const source: Source = { code: 'SLUICE_AUTH_OPTIONS', name: 'auth' };

const optionNames = [
  'users',
  'rules',
  'allowAnonymous',
  'externalIdentities',
  'maxParallelHashes',
  'maxQueuedHashes',
];

/** Throws a `BrokerError` of the code SLUICE_AUTH_OPTIONS for options that cannot be right. */
export function checkOptions(options: AuthOptions): Settings {
  const given = checkRecord(options, 'options', { required: [], optional: optionNames }, source);
  const users = checkDocument(given, 'users');
  const rules = checkDocument(given, 'rules');
  if (users === undefined && rules === undefined) {
    throw fault(
      source,
      'neither options.users nor options.rules is given; give at least one of them',
    );
  }
  const external = checkBoolean(given, 'externalIdentities');
  if (external && users !== undefined) {
    throw fault(
      source,
      'options.externalIdentities goes without options.users; remove one of them',
    );
  }
  return {
    users,
    rules,
    allowAnonymous: checkBoolean(given, 'allowAnonymous'),
    maxParallelHashes: checkInteger(given, 'maxParallelHashes', 2, 1, 64),
    maxQueuedHashes: checkInteger(given, 'maxQueuedHashes', 100, 0, 100_000),
    identities: external || users !== undefined,
  };
}

type Given = ReadonlyMap<string, unknown>;

function checkDocument(given: Given, name: string): string | object | undefined {
  const value = given.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null) return value;
  if (typeof value === 'string' && value !== '') return value;
  throw fault(source, `options.${name} must be the path of a file, or an object`);
}

function checkBoolean(given: Given, name: string): boolean {
  const value = given.get(name) ?? false;
  if (typeof value !== 'boolean') throw fault(source, `options.${name} must be true or false`);
  return value;
}

function checkInteger(
  given: Given,
  name: string,
  byDefault: number,
  minimum: number,
  maximum: number,
): number {
  const value = given.get(name) ?? byDefault;
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= minimum &&
    value <= maximum
  ) {
    return value;
  }
  throw fault(source, `options.${name} must be a whole number from ${minimum} to ${maximum}`);
}
