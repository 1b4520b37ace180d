import { BrokerError } from '@sluice/plugin';

/** Where a value stands: the file it came from (if any) and its key, flag or variable. */
export interface Place {
  readonly source: string | undefined;
  readonly key: string;
}

/** Turns a value of unknown shape into one of a known shape, or throws a BrokerError that says what is allowed. */
export type Reader<Value> = (value: unknown, place: Place) => Value;

/** The readers of an object's keys, one for each. */
export type Fields<Value> = {
  readonly [Key in keyof Value]-?: Reader<Exclude<Value[Key], undefined>>;
};

/** An object with these keys and no others; `required` ones must be there. */
export function record<Value extends object>(
  fields: Fields<Value>,
  required: readonly (keyof Value & string)[] = [],
): Reader<Value> {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrongValue(value, place, 'an object');
    }
    const result: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(value)) {
      const inner = { source: place.source, key: place.key === '' ? key : `${place.key}.${key}` };
      if (!Object.hasOwn(fields, key)) throw unknownKey(inner, Object.keys(fields));
      if (entry !== undefined) result[key] = fields[key as keyof Value](entry, inner);
    }
    for (const key of required) {
      if (result[key] !== undefined) continue;
      const inner = place.key === '' ? key : `${place.key}.${key}`;
      throw new BrokerError(
        'SLUICE_CONFIG_VALUE',
        `${describe({ source: place.source, key: inner })} is missing.`,
      );
    }
    return result as Value;
  };
}

/** A list, each entry read the same way. */
export function list<Value>(entry: Reader<Value>): Reader<readonly Value[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrongValue(value, place, 'a list');
    return value.map((item, index) =>
      entry(item, { source: place.source, key: `${place.key}[${index}]` }),
    );
  };
}

/** A list with at least one entry. */
export function someOf<Value>(entry: Reader<Value>): Reader<readonly Value[]> {
  const entries = list(entry);
  return (value, place) => {
    const result = entries(value, place);
    if (result.length === 0) throw wrongValue(value, place, 'a list with at least one entry');
    return result;
  };
}

/** A string that is not empty. */
export function text(what: string): Reader<string> {
  return (value, place) => {
    if (typeof value !== 'string' || value === '') throw wrongValue(value, place, what);
    return value;
  };
}

/** true or false. */
export const flag: Reader<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw wrongValue(value, place, 'true or false');
  return value;
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Reader<number> {
  return (value, place) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw wrongValue(value, place, `a whole number from ${min} to ${max}`);
    }
    return value as number;
  };
}

/** One of a closed list of words. */
export function oneOf<Word extends string>(words: readonly Word[]): Reader<Word> {
  return (value, place) => {
    if (!words.includes(value as Word)) {
      throw wrongValue(value, place, `one of ${words.map((word) => `"${word}"`).join(', ')}`);
    }
    return value as Word;
  };
}

/** The error for a value that is not what belongs there. */
export function wrongValue(value: unknown, place: Place, allowed: string): BrokerError {
  return new BrokerError(
    'SLUICE_CONFIG_VALUE',
    `${describe(place)} must be ${allowed}, not ${shorten(value)}.`,
  );
}

function unknownKey(place: Place, allowed: readonly string[]): BrokerError {
  return new BrokerError(
    'SLUICE_CONFIG_KEY',
    `${describe(place)} is not a known key: allowed there are ${allowed.join(', ')}.`,
  );
}

function describe(place: Place): string {
  if (place.source === undefined) return place.key;
  return place.key === '' ? place.source : `${place.source}: "${place.key}"`;
}

function shorten(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
