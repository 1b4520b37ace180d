import { isUint8Array } from 'node:util/types';
import {
  checkBoolean,
  checkInteger,
  checkRecord,
  checkText,
  checkTexts,
  fault,
  type Source,
} from '../documents/checks.ts';

/** How the broker checks JSON Web Tokens (RFC 7519). */
export interface TokenOptions {
  /** What signatures are checked with. */
  readonly keys: TokenKeys;
  /** Signature algorithms that are accepted, such as 'ES256' and 'RS256'; there is no default. */
  readonly algorithms: readonly string[];
  /** What the claim `iss` must be, or one of which; anything by default. */
  readonly issuer?: string | readonly string[] | undefined;
  /** What the claim `aud` must be or contain, or one of which; anything by default. */
  readonly audience?: string | readonly string[] | undefined;
  /** Seconds that the clock of the issuer may be off, 0 to 300; 5 by default. */
  readonly clockToleranceSeconds?: number | undefined;
  /** The claim that says who the client is; 'sub' by default. Dots lead into objects. */
  readonly identityClaim?: string | undefined;
  /** The claim with the roles: a list of texts, or one text with spaces between them; 'roles' by default. */
  readonly rolesClaim?: string | undefined;
  /** A claim that must be the client identifier; none by default. */
  readonly clientIdClaim?: string | undefined;
  /** Where a CONNECT without an authentication method has its token; 'password' by default. */
  readonly from?: TokenPlace | undefined;
  /** Whether a token without the claim `exp` is accepted, which never ends; false by default. */
  readonly allowWithoutExpiry?: boolean | undefined;
}

/** Exactly one of these. */
export interface TokenKeys {
  /** Where the issuer publishes its keys: https, or http on this machine. Fetched when they are needed, kept for 10 minutes. */
  readonly jwksUrl?: string | undefined;
  /** File with a JSON Web Key Set (RFC 7517); followed when it changes. */
  readonly jwksFile?: string | undefined;
  /** Public key or certificate in PEM form. */
  readonly publicKey?: string | undefined;
  /** File with it; followed when it changes. */
  readonly publicKeyFile?: string | undefined;
  /** Shared secret for HS256, HS384 and HS512, at least as long as the hash: 32, 48 or 64 bytes. */
  readonly secret?: string | Uint8Array | undefined;
  /** File with it, without the line break at its end; followed when it changes. */
  readonly secretFile?: string | undefined;
}

/** A field of CONNECT, or of the HTTP request that became the WebSocket. */
export type TokenPlace =
  | 'password'
  | 'userName'
  | { readonly query: string }
  | { readonly header: string };

/** Options after checking, with every default filled in. */
export interface TokenSettings {
  readonly keys: KeyOrigin;
  readonly algorithms: readonly string[];
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly clockToleranceSeconds: number;
  readonly identityClaim: string;
  readonly rolesClaim: string;
  readonly clientIdClaim: string | undefined;
  readonly from: TokenPlace;
  readonly allowWithoutExpiry: boolean;
}

/** Where the keys come from. */
export type KeyOrigin =
  | { readonly kind: 'jwksUrl'; readonly url: URL }
  | { readonly kind: 'jwksFile' | 'publicKeyFile' | 'secretFile'; readonly path: string }
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'secret'; readonly bytes: Uint8Array };

// Without 'none', and without what is not a signature.
const asymmetric = ['RS', 'PS', 'ES'].flatMap((family) => [256, 384, 512].map((n) => family + n));
const symmetric = ['HS256', 'HS384', 'HS512'];
const known = [...asymmetric, 'EdDSA', 'Ed25519', ...symmetric];

const optionNames = {
  required: ['keys', 'algorithms'],
  optional: [
    'issuer',
    'audience',
    'clockToleranceSeconds',
    'identityClaim',
    'rolesClaim',
    'clientIdClaim',
    'from',
    'allowWithoutExpiry',
  ],
};

const keyNames = ['jwksUrl', 'jwksFile', 'publicKey', 'publicKeyFile', 'secret', 'secretFile'];

/** Throws a `BrokerError` for options that cannot be right. `place` names them in it. */
export function checkTokenOptions(value: unknown, place: string, source: Source): TokenSettings {
  const given = checkRecord(value, place, optionNames, source);
  const keys = checkKeys(given.get('keys'), `${place}.keys`, source);
  const texts = (name: string) =>
    given.has(name)
      ? checkTexts(given.get(name), `${place}.${name}`, source).map(({ text }) => text)
      : undefined;
  const text = (name: string, byDefault: string) =>
    checkText(given.get(name) ?? byDefault, `${place}.${name}`, source);
  const algorithms = texts('algorithms') ?? [];
  checkAlgorithms(algorithms, keys, `${place}.algorithms`, source);
  const tolerance = given.get('clockToleranceSeconds') ?? 5;
  return {
    keys,
    algorithms,
    issuer: texts('issuer'),
    audience: texts('audience'),
    clockToleranceSeconds: checkInteger(
      tolerance,
      `${place}.clockToleranceSeconds`,
      [0, 300],
      source,
    ),
    identityClaim: text('identityClaim', 'sub'),
    rolesClaim: text('rolesClaim', 'roles'),
    clientIdClaim: given.has('clientIdClaim') ? text('clientIdClaim', '') : undefined,
    from: checkPlace(given.get('from') ?? 'password', `${place}.from`, source),
    allowWithoutExpiry: checkBoolean(
      given.get('allowWithoutExpiry') ?? false,
      `${place}.allowWithoutExpiry`,
      source,
    ),
  };
}

function checkKeys(value: unknown, place: string, source: Source): KeyOrigin {
  const given = checkRecord(value, place, { required: [], optional: keyNames }, source);
  const [first, ...others] = given;
  if (first === undefined || others.length > 0) {
    throw fault(source, `${place} must have exactly one of ${keyNames.join(', ')}`);
  }
  const [kind, key] = first;
  const at = `${place}.${kind}`;
  if (kind === 'secret') {
    if (isUint8Array(key)) return { kind, bytes: Uint8Array.from(key) };
    return { kind, bytes: new TextEncoder().encode(checkText(key, at, source)) };
  }
  const text = checkText(key, at, source);
  switch (kind) {
    case 'jwksUrl':
      return { kind, url: checkUrl(text, at, source) };
    case 'publicKey':
      return { kind, pem: text };
    default:
      return { kind: kind as 'jwksFile' | 'publicKeyFile' | 'secretFile', path: text };
  }
}

function checkUrl(text: string, place: string, source: Source): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere)) return url;
  throw fault(source, `${place} must be a URL of https, or of http on this machine`);
}

/** A public key must never be taken for a shared secret, which everybody could sign with. */
function checkAlgorithms(
  algorithms: readonly string[],
  { kind }: KeyOrigin,
  place: string,
  source: Source,
): void {
  const allowed = kind === 'secret' || kind === 'secretFile' ? symmetric : known;
  for (const algorithm of algorithms) {
    if (!known.includes(algorithm)) {
      throw fault(source, `${place} must name some of ${known.join(', ')}`);
    }
    if (!allowed.includes(algorithm) || symmetric.includes(algorithm) !== (allowed === symmetric)) {
      throw fault(
        source,
        `${place} has ${algorithm}, which does not go with keys.${kind}: HS256, HS384 and HS512 go with a secret, all others with public keys`,
      );
    }
  }
}

function checkPlace(value: unknown, place: string, source: Source): TokenPlace {
  if (value === 'password' || value === 'userName') return value;
  const problem = `${place} must be "password", "userName", { "query": name } or { "header": name }`;
  if (typeof value !== 'object' || value === null) throw fault(source, problem);
  const names = { required: [], optional: ['query', 'header'] };
  const [only, ...others] = checkRecord(value, place, names, source);
  if (only === undefined || others.length > 0) throw fault(source, problem);
  const [key, name] = only;
  const text = checkText(name, `${place}.${key}`, source);
  return key === 'query' ? { query: text } : { header: text.toLowerCase() };
}
