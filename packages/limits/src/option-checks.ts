import { BrokerError } from '@sluice/plugin';

/** An options object whose names are known; throws for others, so that a misspelt limit is not a missing one. */
export function checkNames(limit: string, options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw refused(limit, 'its options must be an object');
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw refused(limit, `there is no option ${unknown}; there are ${names.join(', ')}`);
  }
}

/** A number above 0 and up to `maximum`. */
export function checkPositive(
  limit: string,
  name: string,
  value: unknown,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === 'number' && value > 0 && value <= maximum) return value;
  throw refused(limit, `${name} must be a number above 0, up to ${maximum}`);
}

/** A whole number from `minimum` to `maximum`. */
export function checkInteger(
  limit: string,
  name: string,
  value: unknown,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum) {
    return value as number;
  }
  throw refused(limit, `${name} must be a whole number from ${minimum} to ${maximum}`);
}

/** One of a few words. */
export function checkChoice<Choice extends string>(
  limit: string,
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value)) return value;
  throw refused(limit, `${name} must be one of ${choices.join(', ')}`);
}

/** An option that cannot be right. */
export function refused(limit: string, what: string): BrokerError {
  return new BrokerError('SLUICE_LIMITS_OPTIONS', `${limit}: ${what}.`);
}
