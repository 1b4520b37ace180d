import type { Commits } from './commits.ts';

/** Settles when everything that was added so far is durable; rejects when the broker closes without it. */
export function whenCommitted(commits: Commits): Promise<void> {
  return new Promise((resolve, reject) => {
    commits.wait({
      onCommitted: (failure) => (failure === undefined ? resolve() : reject(failure)),
    });
  });
}
