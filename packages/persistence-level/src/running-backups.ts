import type { BackupReport } from './backup.ts';

/** Backups of one store that are being written: closing the store ends them. */
export class RunningBackups {
  #abort = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  async run(write: (signal: AbortSignal) => Promise<BackupReport>): Promise<BackupReport> {
    const running = write(this.#abort.signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Settles when none reads the database any more. */
  async end(): Promise<void> {
    this.#abort.abort(new Error('the store was closed'));
    this.#abort = new AbortController();
    await Promise.allSettled(this.#running);
  }
}
