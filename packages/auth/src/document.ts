import { readFile } from 'node:fs/promises';
import { BrokerError } from '@sluice/plugin';

/** Where a value that is to be checked came from, and the code of the errors about it. */
export interface Source {
  readonly code: string;
  /** A path, or the option that holds the value. */
  readonly name: string;
}

/** One sentence that names the source, what is wrong in it, and what to do. */
export function fault(source: Source, problem: string): BrokerError {
  // Never with a cause: what JSON.parse says quotes the text, and the text holds password hashes.
  return new BrokerError(source.code, `${source.name}: ${problem}.`);
}

/** Reads and parses a JSON file, strictly UTF-8. */
export async function readDocument(path: string, source: Source): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fault(
      source,
      `the file cannot be read (${systemCode(error)}); correct the path or its permissions`,
    );
  }
  return parseDocument(bytes, source);
}

/** Parses what a JSON file holds, strictly UTF-8. */
export function parseDocument(bytes: Uint8Array, source: Source): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fault(source, 'the file is not UTF-8; save it as UTF-8');
  }
  if (text.trim() === '') throw fault(source, 'the file is empty; restore it from a copy');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault(source, `the file is not JSON${placeOfSyntaxError(error, text)}; correct it there`);
  }
}

/** The entries of an object that has all required keys and no unknown one. */
export function checkRecord(
  value: unknown,
  place: string,
  keys: { readonly required: readonly string[]; readonly optional?: readonly string[] },
  source: Source,
): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(source, `${place} must be an object`);
  }
  const known = [...keys.required, ...(keys.optional ?? [])];
  const entries = new Map(Object.entries(value).filter(([, entry]) => entry !== undefined));
  for (const key of entries.keys()) {
    if (known.includes(key)) continue;
    throw fault(
      source,
      `${place} has the unknown key ${quoted(key)}; known are ${known.join(', ')}`,
    );
  }
  for (const key of keys.required) {
    if (!entries.has(key)) throw fault(source, `${place} lacks the key "${key}"; add it`);
  }
  return entries;
}

export function checkList(value: unknown, place: string, source: Source): readonly unknown[] {
  if (!Array.isArray(value)) throw fault(source, `${place} must be a list`);
  return value;
}

/** The code of a failed system call, for messages that must not quote more. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** For keys of a document in messages: control characters escaped, length bounded. */
function quoted(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}...` : key);
}

function placeOfSyntaxError(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const position = Number(/at position (\d+)/.exec(message)?.[1]);
  if (message.startsWith('Unexpected end') || position >= text.length) return ', it ends too early';
  if (Number.isNaN(position)) return '';
  const before = text.slice(0, position).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
