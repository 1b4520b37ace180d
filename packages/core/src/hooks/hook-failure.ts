import type { BrokerError } from '@sluice/plugin';

/** What a call of a hook comes to that failed, in place of an answer: no hook can answer it. */
export class HookFailure {
  readonly error: BrokerError;

  constructor(error: BrokerError) {
    this.error = error;
  }
}
