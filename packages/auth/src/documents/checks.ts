import { BrokerError } from '@sluice/plugin';

/** Where a value that is to be checked came from, and the code of the errors about it. */
export interface Source {
  readonly code: string;
  /** A path, with a line where that is known, or the option that holds the value. */
  readonly name: string;
}

/** One sentence that names the source, what is wrong in it, and what to do. */
export function fault(source: Source, problem: string): BrokerError {
  // Never with a cause: what JSON.parse says quotes the text, and the text holds password hashes.
  return new BrokerError(source.code, `${source.name}: ${problem}.`);
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
  for (const [key, entry] of entries) {
    if (!known.includes(key)) {
      throw fault(
        source,
        `${place} has the unknown key ${quoted(key)}; known are ${known.join(', ')}`,
      );
    }
    // Where there is a default it would count, which may allow more than somebody meant.
    if (entry === null)
      throw fault(source, `${place}.${key} is null; give it a value, or remove it`);
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

/** A text or a list of them, none empty, each with its place. */
export function checkTexts(
  value: unknown,
  place: string,
  source: Source,
): { text: string; at: string }[] {
  const isList = Array.isArray(value);
  const texts: readonly unknown[] = isList ? value : [value];
  if (texts.length === 0) throw fault(source, `${place} is an empty list; fill it, or remove it`);
  return texts.map((text, index) => {
    const at = isList ? `${place}[${index}]` : place;
    if (typeof text === 'string' && text !== '') return { text, at };
    throw fault(
      source,
      `${at} must be a text that is not empty${isList ? '' : ', or a list of them'}`,
    );
  });
}

export function checkText(value: unknown, place: string, source: Source): string {
  if (typeof value === 'string' && value !== '') return value;
  throw fault(source, `${place} must be a text that is not empty`);
}

export function checkBoolean(value: unknown, place: string, source: Source): boolean {
  if (typeof value === 'boolean') return value;
  throw fault(source, `${place} must be true or false`);
}

export function checkInteger(
  value: unknown,
  place: string,
  [minimum, maximum]: readonly [number, number],
  source: Source,
): number {
  if (Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum) {
    return value as number;
  }
  throw fault(source, `${place} must be a whole number from ${minimum} to ${maximum}`);
}

/** For keys of a document in messages: control characters escaped, length bounded. */
function quoted(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}...` : key);
}
