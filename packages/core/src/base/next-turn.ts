import type { Environment } from './environment.ts';

/** Settles in a later turn of the event loop: everybody else had theirs meanwhile. */
export function nextTurn(environment: Environment): Promise<void> {
  return new Promise((resolve) => environment.defer(resolve));
}
