import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { BrokerError } from '@sluice/plugin';
import { decodeCanonical } from '../text/canonical-base64.ts';
import { decodeText, prepareText } from '../text/prepare-text.ts';

/**
 * What is kept of a password for SCRAM-SHA-256 (RFC 5802, section 3), stored as
 * `scram-sha-256$iterations$salt$storedKey$serverKey`, the bytes in base64url.
 */
export interface ScramKeys {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** About 40 ms on a server, which is what the hash beside it costs, and a few seconds on a microcontroller. */
export const defaultIterations = 100_000;

/** RFC 7677 asks for this many. */
const minIterations = 4_096;
/** More would keep clients busy beyond any time to connect. */
const maxIterations = 1_000_000;
/** Of the salts that are made here. */
export const saltBytes = 16;
/** Of SHA-256, so of every key and proof. */
export const keyBytes = 32;

const keysForm = /^scram-sha-256\$([1-9]\d{3,6})\$([\w-]{22,86})\$([\w-]{43})\$([\w-]{43})$/;

const derive = promisify(pbkdf2);

/** The parts of stored keys; undefined when they are malformed or ask for too much or too little work. */
export function parseScramKeys(text: string): ScramKeys | undefined {
  const parts = keysForm.exec(text);
  if (parts === null) return undefined;
  const iterations = Number(parts[1]);
  if (!isIterations(iterations)) return undefined;
  const [salt, storedKey, serverKey] = parts
    .slice(2)
    .map((part) => decodeCanonical(part, 'base64url'));
  return salt && storedKey && serverKey && { iterations, salt, storedKey, serverKey };
}

/**
 * The text to store for a password that is used with SCRAM-SHA-256; every call has a salt of its own. The
 * client repeats the computation at each login: 4,096 to 1,000,000 iterations, 100,000 by default.
 */
export async function hashPasswordForScram(
  password: string | Uint8Array,
  iterations: number = defaultIterations,
): Promise<string> {
  const prepared = preparePassword(password);
  if (prepared === undefined) {
    throw new BrokerError(
      'SLUICE_AUTH_OPTIONS',
      'A password for SCRAM must be text that is not empty, without control characters.',
    );
  }
  if (!isIterations(iterations)) {
    throw new BrokerError(
      'SLUICE_AUTH_OPTIONS',
      'The iterations for SCRAM must be a whole number from 4,096 to 1,000,000.',
    );
  }
  const salt = randomBytes(saltBytes);
  const salted = await derive(prepared, salt, iterations, keyBytes, 'sha256');
  const storedKey = sha256(hmac(salted, 'Client Key'));
  const serverKey = hmac(salted, 'Server Key');
  const [s, stored, server] = [salt, storedKey, serverKey].map((b) => b.toString('base64url'));
  return `scram-sha-256$${iterations}$${s}$${stored}$${server}`;
}

/** Whether a client that prepares its texts (RFC 5802, section 5.1) can send them as they are. */
export function isFitForScram(name: string, password: string | Uint8Array): boolean {
  return prepareText(name) === name && preparePassword(password) !== undefined;
}

/** HMAC of RFC 5802, with SHA-256. */
export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** H of RFC 5802. */
export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function preparePassword(password: string | Uint8Array): string | undefined {
  const text = typeof password === 'string' ? password : decodeText(password);
  return text === undefined ? undefined : prepareText(text);
}

function isIterations(value: number): boolean {
  return Number.isInteger(value) && value >= minIterations && value <= maxIterations;
}
