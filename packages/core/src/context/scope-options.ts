import { BrokerError, type Plugin } from '@sluice/plugin';
import type { Given, Limits } from '../base/limits.ts';
import { isLower } from '../hooks/client-limits.ts';
import { refuseUnknown, resolveLimits, resolvePlugins, wrong } from './options.ts';

/** Limits that are about what all clients share, or about the store. */
type SharedLimit =
  | 'maxSessions'
  | 'maxRetainedMessages'
  | 'maxRetainedBytes'
  | 'maxPendingCommitBytes'
  | 'maxMemoryBytes'
  | 'maxConnectionsPerAddress'
  | 'maxUnauthenticatedPerAddress'
  | 'windowMessages'
  | 'maxDiskReads'
  | 'maxSubscriptionEventQueue'
  | 'hookTimeoutMs';

/** Limits of the connections of a scope. */
export type ScopeLimits = Omit<Limits, SharedLimit>;

/** What `broker.scope` takes. */
export interface ScopeOptions {
  /** Names it in errors, and its connections as their `listener`; unique within a broker. */
  readonly name: string;
  /** Set up in this order, for the connections of this scope alone. None by default. */
  readonly plugins?: readonly Plugin[] | undefined;
  /** Those of the broker by default; never above them. `maxConnections` counts those of this scope. */
  readonly limits?: Given<ScopeLimits> | undefined;
}

/** Options of a scope with nothing left out. */
export interface ResolvedScopeOptions {
  readonly name: string;
  readonly plugins: readonly Plugin[];
  readonly limits: Limits;
}

const scopeOptionNames = ['name', 'plugins', 'limits'];

const sharedLimits: ReadonlySet<string> = new Set<SharedLimit>([
  'maxSessions',
  'maxRetainedMessages',
  'maxRetainedBytes',
  'maxPendingCommitBytes',
  'maxMemoryBytes',
  'maxConnectionsPerAddress',
  'maxUnauthenticatedPerAddress',
  'windowMessages',
  'maxDiskReads',
  'maxSubscriptionEventQueue',
  'hookTimeoutMs',
]);

/** Validates the options of a scope. Throws a BrokerError SLUICE_OPTION that says what is allowed. */
export function resolveScopeOptions(options: ScopeOptions, broker: Limits): ResolvedScopeOptions {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw wrong('scope', given, `an object with ${scopeOptionNames.join(', ')}`);
  }
  refuseUnknown(given, 'scope.', scopeOptionNames);
  const { name, plugins, limits = {} } = options;
  if (typeof name !== 'string' || name === '') {
    throw wrong('scope.name', name, 'a string that is not empty');
  }
  const resolved = resolveLimits(limits, broker);
  for (const [limit, value] of Object.entries(limits)) {
    if (sharedLimits.has(limit)) {
      throw new BrokerError(
        'SLUICE_OPTION',
        `The limit ${limit} is that of the whole broker: it cannot be given to the scope ${name}.`,
      );
    }
    const most = broker[limit as keyof Limits];
    if (value === undefined || value === most || isLower(limit, value, most)) continue;
    throw wrong(`limits.${limit}`, value, `at most ${most}, as the broker has it`);
  }
  return { name, plugins: resolvePlugins(plugins), limits: resolved };
}
