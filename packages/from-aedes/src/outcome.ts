import type { Callback } from './handlers.ts';

/** What a handler called back with. */
export interface Outcome<Value> {
  /** Undefined for none, and for null. */
  readonly error: Error | undefined;
  readonly value: Value | null | undefined;
}

/**
 * Calls a handler and returns what it calls back with: at once, or a promise where it takes its time. Only its first
 * call counts. What the handler throws is thrown; an asynchronous one that rejects rejects.
 */
export function outcomeOf<Value>(
  call: (callback: Callback<Value>) => unknown,
  reportError: (error: Error) => void,
): Outcome<Value> | Promise<Outcome<Value>> {
  let outcome: Outcome<Value> | undefined;
  let settle: ((outcome: Outcome<Value>) => void) | undefined;
  const returned = call((error, value) => {
    if (outcome !== undefined) return;
    outcome = { error: error ? asError(error) : undefined, value };
    settle?.(outcome);
  });
  if (outcome !== undefined) {
    // It has decided; that it fails afterwards is nevertheless something to know.
    if (returned instanceof Promise) returned.catch((error) => reportError(asError(error)));
    return outcome;
  }
  return new Promise((resolve, reject) => {
    settle = resolve;
    if (returned instanceof Promise) returned.catch(reject);
  });
}

/** Goes on with a value that is there, or will be. */
export function andThen<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Calls back when something is done, with its error where it failed. Who gave no callback is not interested. */
export function callBack(work: Promise<unknown>, callback: Callback = () => {}): void {
  work.then(
    () => callback(),
    (error) => callback(error),
  );
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
