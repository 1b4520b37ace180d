import { BrokerError, OverflowAction, type Plugin } from '@sluice/plugin';
import { createEnvironment, type Environment } from '../base/environment.ts';
import { defaultLimits, type Given, type Limits, limitRanges } from '../base/limits.ts';
import { isSendable, sendable } from '../hooks/change-message.ts';

export type { LimitRange, Limits } from '../base/limits.ts';
export { defaultLimits, limitRanges } from '../base/limits.ts';

/** What `createBroker` takes. */
export interface BrokerOptions {
  /** Set up in this order. None by default. */
  readonly plugins?: readonly Plugin[] | undefined;
  /** Those that are left out are as in `defaultLimits`. */
  readonly limits?: Given<Limits> | undefined;
  /** What the broker offers of the optional parts of the standard. All of it by default. */
  readonly features?: Given<Features> | undefined;
  /**
   * What happens to a QoS 1 or 2 message that has no room in the queue of a session, where no hook `overflow` has an
   * opinion: `drop-newest` by default.
   */
  readonly queueOverflow?: OverflowAction | undefined;
  /** What happens when a client does not take what is sent to it as fast as it comes. `drop` by default. */
  readonly slowReceiver?: SlowReceiver | undefined;
  /** Where 5.0 clients should go while the broker is short of memory: CONNACK 0x9C. None by default. */
  readonly serverReference?: string | undefined;
  /** For tests and simulations. The running process by default. */
  readonly environment?: Environment | undefined;
  /** Accepts U+0001 to U+001F and U+007F to U+009F in topics, client identifiers and user names (section 1.5.4). false by default. */
  readonly allowControlCharacters?: boolean | undefined;
  /** Called now and then while a large store is restored: what is read, and how many records so far. */
  readonly onProgress?: ((what: string, records: number) => void) | undefined;
}

/**
 * What to do about a client above its `maxOutputBytes`.
 *
 * - `drop`: it gets no QoS 0. Publishers never wait.
 * - `pause`: clients that publish to it are read no further until it has caught up.
 * - `disconnect`: it is disconnected with 0x97 where QoS 0 would have to be dropped.
 */
export const SlowReceiver = { drop: 'drop', pause: 'pause', disconnect: 'disconnect' } as const;

export type SlowReceiver = (typeof SlowReceiver)[keyof typeof SlowReceiver];

/** Optional parts of MQTT (section 3.2.2.3): one that is off is announced as unavailable, and refused. */
export interface Features {
  /** Retained messages; DISCONNECT 0x9A when off. */
  readonly retain: boolean;
  /** Topic filters with wildcards; 0xA2. */
  readonly wildcardSubscriptions: boolean;
  /** Subscription identifiers; 0xA1. */
  readonly subscriptionIdentifiers: boolean;
  /** `$share/name/filter`; 0x9E. */
  readonly sharedSubscriptions: boolean;
  /** Checks that payloads announced as UTF-8 are; 0x99. Off by default. */
  readonly payloadFormatCheck: boolean;
}

/** The features of a broker that is told nothing about them. */
export const defaultFeatures: Features = Object.freeze({
  retain: true,
  wildcardSubscriptions: true,
  subscriptionIdentifiers: true,
  sharedSubscriptions: true,
  payloadFormatCheck: false,
});

/** Options with nothing left out. */
export interface ResolvedOptions {
  readonly plugins: readonly Plugin[];
  readonly limits: Limits;
  readonly features: Features;
  readonly queueOverflow: OverflowAction;
  readonly slowReceiver: SlowReceiver;
  readonly serverReference: string | undefined;
  readonly environment: Environment;
  readonly allowControlCharacters: boolean;
  readonly onProgress: BrokerOptions['onProgress'];
}

/** A value that is longer says nothing in a message. */
const maxShown = 100;

const optionNames = [
  'plugins',
  'limits',
  'features',
  'queueOverflow',
  'slowReceiver',
  'serverReference',
  'environment',
  'allowControlCharacters',
  'onProgress',
];

const environmentFunctions = [
  'now',
  'monotonic',
  'setTimer',
  'clearTimer',
  'defer',
  'random',
  'newId',
];

/** Validates options and fills in the defaults. Throws a BrokerError SLUICE_OPTION that says what is allowed. */
export function resolveOptions(options: BrokerOptions = {}): ResolvedOptions {
  const given: unknown = options;
  if (!isRecord(given)) {
    throw wrong('options', options, `an object with ${optionNames.join(', ')}`);
  }
  refuseUnknown(given, '', optionNames);
  return {
    plugins: resolvePlugins(options.plugins),
    limits: resolveLimits(options.limits),
    features: resolveFeatures(options.features),
    queueOverflow: resolveWord('queueOverflow', options.queueOverflow, OverflowAction),
    slowReceiver: resolveWord('slowReceiver', options.slowReceiver, SlowReceiver),
    serverReference: resolveReference(options.serverReference),
    environment: resolveEnvironment(options.environment),
    allowControlCharacters: resolveBoolean(
      'allowControlCharacters',
      options.allowControlCharacters,
      false,
    ),
    onProgress: resolveFunction('onProgress', options.onProgress),
  };
}

/** A list of plug-ins; none by default. */
export function resolvePlugins(plugins: unknown = []): readonly Plugin[] {
  if (!Array.isArray(plugins)) throw wrong('plugins', plugins, 'a list of plug-ins');
  for (const [index, plugin] of plugins.entries()) {
    if (!isPlugin(plugin)) {
      throw wrong(`plugins[${index}]`, plugin, 'an object with a name and a function setup');
    }
  }
  return [...plugins];
}

function isPlugin(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { name, setup } = value;
  return typeof name === 'string' && name !== '' && typeof setup === 'function';
}

/** Limits out of those that are given and defaults for the others. */
export function resolveLimits(limits: unknown = {}, defaults: Limits = defaultLimits): Limits {
  if (!isRecord(limits)) throw wrong('limits', limits, 'an object');
  const names = Object.keys(limitRanges) as (keyof Limits)[];
  refuseUnknown(limits, 'limits.', names);
  const resolved: Record<string, number> = { ...defaults };
  for (const name of names) {
    const value = limits[name];
    if (value === undefined) continue;
    const { min, max } = limitRanges[name];
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw wrong(`limits.${name}`, value, `a whole number from ${min} to ${max}`);
    }
    resolved[name] = value as number;
  }
  return Object.freeze(resolved) as unknown as Limits;
}

function resolveFeatures(features: unknown = {}): Features {
  if (!isRecord(features)) throw wrong('features', features, 'an object');
  const names = Object.keys(defaultFeatures) as (keyof Features)[];
  refuseUnknown(features, 'features.', names);
  const resolved = names.map((name) => [
    name,
    resolveBoolean(`features.${name}`, features[name], defaultFeatures[name]),
  ]);
  return Object.freeze(Object.fromEntries(resolved) as Features);
}

function resolveEnvironment(environment: Environment | undefined): Environment {
  if (environment === undefined) return createEnvironment();
  const functions = environment as unknown as Record<string, unknown>;
  if (
    !isRecord(environment) ||
    !environmentFunctions.every((name) => typeof functions[name] === 'function')
  ) {
    throw wrong(
      'environment',
      environment,
      `an object with the functions ${environmentFunctions.join(', ')}`,
    );
  }
  return environment;
}

/** One of the words of a set; the first of them by default. */
function resolveWord<Word extends string>(
  name: string,
  value: Word | undefined,
  words: Readonly<Record<string, Word>>,
): Word {
  const known = Object.values(words);
  if (value === undefined) return known[0] as Word;
  if (!known.includes(value)) {
    throw wrong(name, value, `one of ${known.map((word) => `"${word}"`).join(', ')}`);
  }
  return value;
}

/** Where clients should go instead; undefined where nothing is said. */
export function resolveReference(value: unknown): string | undefined {
  if (value === undefined || (isSendable(value) && value !== '')) return value;
  throw wrong('serverReference', value, `a ${sendable} that is not empty`);
}

function resolveBoolean(name: string, value: unknown, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value !== 'boolean') throw wrong(name, value, 'true or false');
  return value;
}

function resolveFunction<Value>(name: string, value: Value): Value {
  if (value !== undefined && typeof value !== 'function') throw wrong(name, value, 'a function');
  return value;
}

/** Throws a BrokerError SLUICE_OPTION that says what is known. */
export function refuseUnknown(given: object, prefix: string, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new BrokerError(
      'SLUICE_OPTION',
      `There is no option ${prefix}${name}. Known are: ${known.join(', ')}.`,
    );
  }
}

/** A BrokerError SLUICE_OPTION that says what is allowed. */
export function wrong(name: string, value: unknown, allowed: string): BrokerError {
  return new BrokerError(
    'SLUICE_OPTION',
    `The option ${name} is ${show(value)}, but must be ${allowed}.`,
  );
}

function show(value: unknown): string {
  if (typeof value === 'string') return showText(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function showText(text: string): string {
  return text.length <= maxShown ? JSON.stringify(text) : `a string of ${text.length} characters`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
