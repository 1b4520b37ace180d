import { parseArgs } from 'node:util';
import { BrokerError } from '@sluice/plugin';
import { type Durability, durabilities, type LogLevel, logLevels } from './config.ts';
import { flag, integer, oneOf, type Place, type Reader, text } from './shape.ts';
import type { Terminal } from './terminal.ts';

/** What flags or variables set: one layer above the configuration file. */
export interface Settings {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly wsPort?: number;
  readonly data?: string;
  readonly memory?: boolean;
  readonly durability?: Durability;
  readonly users?: string;
  readonly rules?: string;
  readonly allowAnonymous?: boolean;
  readonly logLevel?: LogLevel;
}

interface Setting<Value> {
  readonly flag: string;
  readonly variable: string;
  /** Name of the flag's value in the help text; a switch has none. */
  readonly argument?: string;
  readonly read: Reader<Value>;
  readonly help: string;
}

const port: Reader<number> = (value, place) =>
  integer(0, 65_535)(
    typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
    place,
  );

const switches: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

const toggle: Reader<boolean> = (value, place) => flag(switches.get(value) ?? value, place);

/** Every setting, as a flag and as a variable of the environment. */
export const settings: { readonly [Name in keyof Settings]-?: Setting<Required<Settings>[Name]> } =
  {
    config: {
      flag: 'config',
      variable: 'SLUICE_CONFIG',
      argument: 'FILE',
      read: text('the path of a file'),
      help: 'configuration file (JSON); what is given here goes before it',
    },
    host: {
      flag: 'host',
      variable: 'SLUICE_HOST',
      argument: 'HOST',
      read: text('a host name or an address'),
      help: 'where TCP and WebSocket listen (127.0.0.1)',
    },
    port: {
      flag: 'port',
      variable: 'SLUICE_PORT',
      argument: 'PORT',
      read: port,
      help: 'port for MQTT over TCP, 0 for none (1883)',
    },
    wsPort: {
      flag: 'ws-port',
      variable: 'SLUICE_WS_PORT',
      argument: 'PORT',
      read: port,
      help: 'port for MQTT over WebSocket, 0 for none (8080)',
    },
    data: {
      flag: 'data',
      variable: 'SLUICE_DATA',
      argument: 'DIRECTORY',
      read: text('the path of a directory'),
      help: 'keep sessions and messages in LevelDB there (./data)',
    },
    memory: {
      flag: 'memory',
      variable: 'SLUICE_MEMORY',
      read: toggle,
      help: 'keep everything in memory: gone when the server stops',
    },
    durability: {
      flag: 'durability',
      variable: 'SLUICE_DURABILITY',
      argument: 'WHEN',
      read: oneOf(durabilities),
      help: 'acknowledge after fsync, after write, or none (fsync)',
    },
    users: {
      flag: 'users',
      variable: 'SLUICE_USERS',
      argument: 'FILE',
      read: text('the path of a file'),
      help: 'users and password hashes: see sluice passwd',
    },
    rules: {
      flag: 'rules',
      variable: 'SLUICE_RULES',
      argument: 'FILE',
      read: text('the path of a file'),
      help: 'who may publish and subscribe to what',
    },
    allowAnonymous: {
      flag: 'allow-anonymous',
      variable: 'SLUICE_ALLOW_ANONYMOUS',
      read: toggle,
      help: 'let clients in without a user name, from other machines too',
    },
    logLevel: {
      flag: 'log-level',
      variable: 'SLUICE_LOG_LEVEL',
      argument: 'LEVEL',
      read: oneOf(logLevels),
      help: `${logLevels.join(', ')} (info)`,
    },
  };

/** Reads flags: `args` is what follows the command's name. */
export function readFlags(args: readonly string[]): Settings {
  const given = parseFlags(args, Object.values<Setting<unknown>>(settings));
  return readLayer((setting) => ({
    value: given.get(setting.flag),
    place: { source: undefined, key: `--${setting.flag}` },
  }));
}

/** Reads the variables of the environment; an empty one counts as not set. */
export function readEnvironment(environment: Terminal['environment']): Settings {
  return readLayer((setting) => ({
    value: environment[setting.variable] || undefined,
    place: { source: undefined, key: setting.variable },
  }));
}

function readLayer(
  look: (setting: Setting<unknown>) => { readonly value: unknown; readonly place: Place },
): Settings {
  const layer: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(settings)) {
    const { value, place } = look(setting);
    if (value !== undefined) layer[name] = setting.read(value, place);
  }
  return layer;
}

/** The values of flags by name, true for switches. Only these flags may be given, each once, and nothing else. */
export function parseFlags(
  args: readonly string[],
  flags: readonly FlagForm[],
): ReadonlyMap<string, unknown> {
  const { given, words } = parseWords(args, flags);
  const [unexpected] = words;
  if (unexpected !== undefined) {
    throw usage(`Unexpected argument ${JSON.stringify(unexpected)}`);
  }
  return given;
}

interface FlagForm {
  readonly flag: string;
  readonly argument?: string;
}

/** As `parseFlags`, with the words that stand between the flags. */
export function parseWords(
  args: readonly string[],
  flags: readonly FlagForm[],
): { readonly given: ReadonlyMap<string, unknown>; readonly words: readonly string[] } {
  const options: Record<string, { type: 'string' | 'boolean' }> = {};
  for (const { flag: name, argument } of flags) {
    options[name] = { type: argument === undefined ? 'boolean' : 'string' };
  }
  // Not strict, because the messages of strict mode tell of `--` and quotes rather than of the flag.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, unknown>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const known = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (known === undefined) throw usage(`Unknown flag ${token.rawName}`);
    if (given.has(token.name)) throw usage(`${token.rawName} is given twice`);
    if (known.type === 'boolean' && token.value !== undefined) {
      throw usage(`${token.rawName} takes no value`);
    }
    if (known.type === 'string' && token.value === undefined) {
      throw usage(`${token.rawName} needs a value`);
    }
    given.set(token.name, token.value ?? true);
  }
  return { given, words };
}

/** The error for a command line that cannot be understood. */
export function usage(what: string): BrokerError {
  return new BrokerError('SLUICE_USAGE', `${what}: --help lists what is allowed.`);
}
