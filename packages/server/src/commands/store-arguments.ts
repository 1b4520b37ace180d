import { resolve } from 'node:path';
import { resolveConfig } from '../config.ts';
import { readConfig } from '../layers.ts';
import { noStore } from '../no-store.ts';
import { parseFlags, usage } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

export const storeActions = ['check', 'repair', 'backup', 'stats'] as const;
export type StoreAction = (typeof storeActions)[number];

/** What `sluice store` is to do. */
export interface StoreArguments {
  readonly action: StoreAction;
  readonly path: string;
  /** Only for `backup`, and always there. */
  readonly to: string;
  readonly json: boolean;
}

/** The flags of `sluice store`, as the help text shows them. */
export const storeFlags: readonly {
  readonly flag: string;
  readonly argument?: string;
  readonly help: string;
}[] = [
  { flag: 'path', argument: 'DIRECTORY', help: 'directory of the store (./data)' },
  { flag: 'config', argument: 'FILE', help: 'configuration file that names it' },
  { flag: 'to', argument: 'DIRECTORY', help: 'where a backup goes' },
  { flag: 'json', help: 'print the result as JSON' },
];

/** Throws SLUICE_USAGE, SLUICE_NO_STORE, or what is wrong with the configuration. */
export function readStoreArguments(
  [action, ...rest]: readonly string[],
  environment: Terminal['environment'],
): StoreArguments {
  if (!isAction(action)) throw usage(`sluice store needs one of ${storeActions.join(', ')}`);
  const flags = parseFlags(rest, storeFlags);
  const text = (name: string) => flags.get(name) as string | undefined;
  for (const name of ['path', 'config', 'to']) {
    if (text(name) === '') throw usage(`--${name} needs a value`);
  }
  const to = text('to');
  if (action === 'backup' && to === undefined) throw usage('sluice store backup needs --to');
  if (action !== 'backup' && to !== undefined) throw usage(`sluice store ${action} takes no --to`);
  return {
    action,
    path: resolve(text('path') ?? configuredPath(text('config'), environment)),
    to: to ?? '',
    json: flags.has('json'),
  };
}

function isAction(word: string | undefined): word is StoreAction {
  return (storeActions as readonly (string | undefined)[]).includes(word);
}

/** The store that `sluice start` would use. */
function configuredPath(config: string | undefined, environment: Terminal['environment']): string {
  const args = config === undefined ? [] : ['--config', config];
  const { persistence } = resolveConfig(readConfig(args, environment));
  if (persistence === 'memory') throw noStore();
  return persistence.path;
}
