import { availableParallelism } from 'node:os';
import {
  type AttemptOptions,
  type AttemptSettings,
  defaultAttempts,
} from './attempts/attempt-limits.ts';
import {
  type CertificateOptions,
  type CertificateSettings,
  checkCertificateOptions,
} from './certificates/certificate-options.ts';
import {
  checkBoolean,
  checkInteger,
  checkRecord,
  checkText,
  checkTexts,
  fault,
  type Source,
} from './documents/checks.ts';
import type { Given, GivenDocument } from './documents/document-source.ts';
import type { RulesFile } from './rules/rules-file.ts';
import {
  checkTokenOptions,
  type TokenOptions,
  type TokenSettings,
} from './tokens/token-options.ts';
import type { UsersFile } from './users/users-file.ts';

export interface AuthOptions {
  /** Path of the users file, its content, or where else users are kept. Without it there are no passwords. */
  readonly users?: Given<UsersFile> | undefined;
  /** Path of the rules file, its content, or where else rules are kept. Without it the plug-in authorizes nothing. */
  readonly rules?: Given<RulesFile> | undefined;
  /** Accepts JSON Web Tokens. */
  readonly jwt?: TokenOptions | undefined;
  /** Knows clients by their TLS certificate: `true` for what is usual. */
  readonly certificate?: true | CertificateOptions | undefined;
  /** Lets in who brings neither user name nor password; false by default. */
  readonly anonymous?: boolean | AnonymousOptions | undefined;
  /**
   * Another plug-in authenticates, so that rules may name users although this one knows none;
   * false by default.
   */
  readonly externalIdentities?: boolean | undefined;
  /** How often a login may fail; `false` for any number of times. */
  readonly attempts?: false | AttemptOptions | undefined;
  /**
   * Passwords hashed at the same time, 1 to 64. 2 by default, which leaves the disk its threads; 1 on up to two
   * processors, which leaves one to everybody else.
   */
  readonly maxParallelHashes?: number | undefined;
  /** Passwords that wait for it, 0 to 100,000; 100 by default. Beyond it clients are refused as server busy. */
  readonly maxQueuedHashes?: number | undefined;
  /** Whether files are read again by themselves when they change; true by default. */
  readonly watch?: boolean | undefined;
}

export interface AnonymousOptions {
  /** Empty by default. All anonymous clients share it, and with it their sessions. */
  readonly identity?: string | undefined;
  /** None by default. */
  readonly roles?: readonly string[] | undefined;
}

/** Options after checking, with every default filled in. */
export interface Settings {
  readonly users: GivenDocument | undefined;
  readonly rules: GivenDocument | undefined;
  readonly jwt: TokenSettings | undefined;
  readonly certificate: CertificateSettings | undefined;
  readonly anonymous: AnonymousSettings | undefined;
  readonly attempts: AttemptSettings | undefined;
  readonly maxParallelHashes: number;
  readonly maxQueuedHashes: number;
  readonly watch: boolean;
  /** Whether somebody verifies who a client is. */
  readonly identities: boolean;
}

export interface AnonymousSettings {
  readonly identity: string;
  readonly roles: readonly string[];
}

const usualParallelHashes = availableParallelism() > 2 ? 2 : 1;

const source: Source = { code: 'SLUICE_AUTH_OPTIONS', name: 'auth' };

const optionNames = [
  'users',
  'rules',
  'jwt',
  'certificate',
  'anonymous',
  'externalIdentities',
  'attempts',
  'maxParallelHashes',
  'maxQueuedHashes',
  'watch',
];

/** Throws a `BrokerError` of the code SLUICE_AUTH_OPTIONS for options that cannot be right. */
export function checkOptions(options: AuthOptions): Settings {
  const given = checkRecord(options, 'options', { required: [], optional: optionNames }, source);
  const flag = (name: string, byDefault: boolean) =>
    checkBoolean(given.get(name) ?? byDefault, `options.${name}`, source);
  const integer = (name: string, byDefault: number, range: readonly [number, number]) =>
    checkInteger(given.get(name) ?? byDefault, `options.${name}`, range, source);
  const jwt = given.get('jwt');
  const certificate = given.get('certificate');
  const settings = {
    users: checkDocument(given, 'users'),
    rules: checkDocument(given, 'rules'),
    jwt: jwt === undefined ? undefined : checkTokenOptions(jwt, 'options.jwt', source),
    certificate:
      certificate === undefined
        ? undefined
        : checkCertificateOptions(certificate, 'options.certificate', source),
    anonymous: checkAnonymous(given.get('anonymous') ?? false),
    attempts: checkAttempts(given.get('attempts') ?? {}),
    maxParallelHashes: integer('maxParallelHashes', usualParallelHashes, [1, 64]),
    maxQueuedHashes: integer('maxQueuedHashes', 100, [0, 100_000]),
    watch: flag('watch', true),
  };
  return { ...settings, identities: checkIdentities(settings, flag('externalIdentities', false)) };
}

/** Whether anybody says who clients are, which has to fit what else is given. */
function checkIdentities(settings: Omit<Settings, 'identities'>, external: boolean): boolean {
  const { users, rules, jwt, certificate, anonymous } = settings;
  const isOurs = [users, jwt, certificate].some((one) => one !== undefined);
  if (!isOurs && rules === undefined) {
    throw fault(
      source,
      'none of options.users, options.rules, options.jwt and options.certificate is given; give at least one of them',
    );
  }
  if (external && isOurs) {
    throw fault(
      source,
      'options.externalIdentities goes without users, jwt and certificate, which say who clients are; remove it',
    );
  }
  if (anonymous !== undefined && !isOurs) {
    throw fault(
      source,
      'options.anonymous goes with users, jwt or certificate; without them this plug-in keeps nobody out, so remove it',
    );
  }
  return external || isOurs;
}

function checkDocument(
  given: ReadonlyMap<string, unknown>,
  name: string,
): GivenDocument | undefined {
  const value = given.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null) return value;
  if (typeof value === 'string' && value !== '') return value;
  throw fault(source, `options.${name} must be the path of a file, or an object`);
}

function checkAnonymous(value: unknown): AnonymousSettings | undefined {
  if (value === false) return undefined;
  if (value === true) return { identity: '', roles: [] };
  const place = 'options.anonymous';
  if (typeof value !== 'object') {
    throw fault(source, `${place} must be true, false or an object`);
  }
  const given = checkRecord(
    value,
    place,
    { required: [], optional: ['identity', 'roles'] },
    source,
  );
  const roles = given.has('roles') ? checkTexts(given.get('roles'), `${place}.roles`, source) : [];
  return {
    identity: given.has('identity')
      ? checkText(given.get('identity'), `${place}.identity`, source)
      : '',
    roles: roles.map(({ text }) => text),
  };
}

function checkAttempts(value: unknown): AttemptSettings | undefined {
  if (value === false) return undefined;
  const place = 'options.attempts';
  const names = Object.keys(defaultAttempts) as (keyof AttemptSettings)[];
  const given = checkRecord(value, place, { required: [], optional: names }, source);
  const number = (name: keyof AttemptSettings, maximum: number) =>
    checkInteger(
      given.get(name) ?? defaultAttempts[name],
      `${place}.${name}`,
      [1, maximum],
      source,
    );
  return {
    maxFailuresPerAddress: number('maxFailuresPerAddress', 1_000_000),
    maxFailuresPerUser: number('maxFailuresPerUser', 1_000_000),
    windowSeconds: number('windowSeconds', 86_400),
  };
}
