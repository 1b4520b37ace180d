import type { HookName } from '@sluice/plugin';

/** What became of the calls of one hook, since the broker was created. */
export interface HookStatistics {
  readonly plugin: string;
  readonly name: HookName;
  /** Times that the function was called; what its filter passed over is not among them. */
  readonly calls: number;
  /** Calls that threw, rejected, or answered what they must not. */
  readonly failures: number;
  /** Calls that did not answer within their deadline. */
  readonly timeouts: number;
  /** Times that it was not called and counted as failed, since it was suspended. */
  readonly skipped: number;
  /** Whether it is suspended now, after too many failures in a row. */
  readonly suspended: boolean;
  /** Asynchronous calls that have not settled, those past their deadline included. */
  readonly pending: number;
  /** Calls that wait in line, with `maxConcurrent`. */
  readonly waiting: number;
}
