import { BrokerError, type Client } from '@sluice/plugin';

/** Clients by who they are: one name that matches is enough. */
export interface NamedReaders {
  /** Identities: the user name, unless an authenticator says who a client is. */
  readonly users?: readonly string[] | undefined;
  readonly clientIds?: readonly string[] | undefined;
}

/** Who may subscribe below `$SYS`. */
export type SysReaders = NamedReaders | ((client: Client) => boolean);

/** What `sys` takes; everything may be left out. */
export interface SysOptions {
  /** Seconds between two updates: a number from 1 to 86,400; 10 by default. */
  readonly intervalSeconds?: number | undefined;
  /**
   * Clients that may subscribe below `$SYS`; nobody else may, whatever access rules say. Without it, whom access rules
   * let, and nobody where there are none.
   */
  readonly readers?: SysReaders | undefined;
}

/** Options that were checked. */
export interface ResolvedOptions {
  readonly intervalMs: number;
  readonly mayRead: ((client: Client) => boolean) | undefined;
}

const optionNames = ['intervalSeconds', 'readers'];
const readerNames = ['users', 'clientIds'];
const maxIntervalSeconds = 86_400;

/** Checks options and fills in the defaults. Throws a BrokerError SLUICE_SYS_OPTIONS that says what is allowed. */
export function resolveOptions(options: SysOptions): ResolvedOptions {
  checkNames('options', options, optionNames);
  const { intervalSeconds = 10, readers } = options;
  const isInRange = intervalSeconds >= 1 && intervalSeconds <= maxIntervalSeconds;
  if (typeof intervalSeconds !== 'number' || !isInRange) {
    throw refused(`intervalSeconds must be a number from 1 to ${maxIntervalSeconds}`);
  }
  return { intervalMs: intervalSeconds * 1_000, mayRead: readersOf(readers) };
}

function readersOf(readers: SysReaders | undefined): ResolvedOptions['mayRead'] {
  if (readers === undefined || typeof readers === 'function') return readers;
  checkNames('readers', readers, readerNames);
  const users = namesOf('users', readers.users);
  const clientIds = namesOf('clientIds', readers.clientIds);
  return ({ identity, clientId }) => users.has(identity) || clientIds.has(clientId);
}

function namesOf(name: string, list: readonly string[] = []): ReadonlySet<string> {
  // The empty identity is everybody who has none.
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string' && one !== '')) {
    throw refused(`readers.${name} must be a list of names that are not empty`);
  }
  return new Set(list);
}

function checkNames(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refused(`${what} must be an object`);
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw refused(`${what} has ${unknown}, but there are only ${known.join(' and ')}`);
  }
}

function refused(what: string): BrokerError {
  return new BrokerError('SLUICE_SYS_OPTIONS', `sys: ${what}.`);
}
