import { BrokerError } from '@sluice/plugin';
import type { Environment } from '../base/environment.ts';

const patienceMs = 10_000;

/** What it takes to tell that somebody is waited for. */
export interface StartSurroundings {
  readonly environment: Environment;
  readonly reportError: (error: Error) => void;
}

/** Waits for what a plug-in does at the start, and says so when that takes long: it may never come to an end. */
export async function awaitStart<Value>(
  started: Value,
  what: string,
  { environment, reportError }: StartSurroundings,
): Promise<Awaited<Value>> {
  const timer = environment.setTimer(() => {
    const message = `${what} has not ended in ${patienceMs / 1_000} seconds, and the broker waits for it.`;
    reportError(new BrokerError('SLUICE_START_WAITS', message));
  }, patienceMs);
  try {
    return await started;
  } finally {
    environment.clearTimer(timer);
  }
}
