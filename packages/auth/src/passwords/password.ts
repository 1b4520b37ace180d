import { Buffer } from 'node:buffer';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BrokerError } from '@sluice/plugin';
import { decodeCanonical } from '../text/canonical-base64.ts';

/** What a scrypt computation costs: memory is 128 * N * r bytes, time grows with N * r * p. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A stored password: `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export interface PasswordHash {
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

/** 16 MiB and about 40 ms. */
export const defaultCost: ScryptCost = Object.freeze({ N: 16_384, r: 8, p: 1 });

const saltBytes = 16;
const keyBytes = 32;
/** What a user name or password of MQTT can hold. */
const maxPasswordBytes = 65_535;
/** A file cannot ask for more than 128 MiB and about a third of a second per login. */
const maxWork = 2 ** 20;

const hashForm = /^scrypt\$([1-9]\d{0,6})\$([1-9]\d?)\$([1-9]\d?)\$([\w-]{22,86})\$([\w-]{43,86})$/;

/** The parts of a stored password; undefined when it is malformed or asks for too much or too little work. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const parts = hashForm.exec(text);
  if (parts === null) return undefined;
  const [N, r, p] = parts.slice(1, 4).map(Number) as [number, number, number];
  if (N < 1024 || !Number.isInteger(Math.log2(N)) || N * r * p > maxWork) return undefined;
  const salt = decodeCanonical(parts[4] as string, 'base64url');
  const key = decodeCanonical(parts[5] as string, 'base64url');
  return salt && key && { cost: { N, r, p }, salt, key };
}

/**
 * The text to store for a password of 1 to 65,535 bytes; every call has a salt of its own. About
 * 40 ms in the thread pool: bound how many run at a time.
 */
export async function hashPassword(password: string | Uint8Array): Promise<string> {
  const length = Buffer.byteLength(password);
  if (length === 0 || length > maxPasswordBytes) {
    throw new BrokerError('SLUICE_AUTH_OPTIONS', 'A password must have 1 to 65,535 bytes.');
  }
  const salt = randomBytes(saltBytes);
  const key = await deriveKey(password, salt, keyBytes, defaultCost);
  const { N, r, p } = defaultCost;
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** Whether a password is the one of a stored hash; compares in constant time. Throws when the hash is malformed. */
export async function verifyPassword(
  password: string | Uint8Array,
  storedHash: string,
): Promise<boolean> {
  const hash = parsePasswordHash(storedHash);
  if (hash !== undefined) return matchesHash(password, hash);
  throw new BrokerError(
    'SLUICE_AUTH_OPTIONS',
    'The stored hash is malformed or out of bounds; make a new one with hashPassword.',
  );
}

/** Whether a password is the one of a hash; compares in constant time. */
export async function matchesHash(
  password: string | Uint8Array,
  hash: PasswordHash,
): Promise<boolean> {
  const key = await deriveKey(password, hash.salt, hash.key.length, hash.cost);
  return timingSafeEqual(key, hash.key);
}

function deriveKey(
  password: string | Uint8Array,
  salt: Uint8Array,
  length: number,
  { N, r, p }: ScryptCost,
): Promise<Buffer> {
  // Node refuses more than 32 MiB unless told; this is what the cost needs.
  const maxmem = 128 * r * (N + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
