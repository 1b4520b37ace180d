const intervalMs = 5;

/**
 * How long this process was kept from running by others: a timer that came late, less the processor time that the process
 * itself used meanwhile. What the process did itself, the garbage collection of its own included, is not stolen.
 */
export class StolenTime {
  #totalMs = 0;
  #dueAt: number = performance.now() + intervalMs;
  #usage: NodeJS.CpuUsage = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), intervalMs);
  }

  /** Milliseconds so far. */
  get totalMs(): number {
    return this.#totalMs + this.#missingMs();
  }

  /** What the test did on its own account does not count against the broker. */
  add(ms: number): void {
    this.#totalMs += ms;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.#totalMs += this.#missingMs();
    this.#dueAt = performance.now() + intervalMs;
    this.#usage = process.cpuUsage();
  }

  #missingMs(): number {
    const lateMs = performance.now() - this.#dueAt;
    if (lateMs <= 0) return 0;
    const { user, system } = process.cpuUsage(this.#usage);
    return Math.max(0, lateMs - (user + system) / 1_000);
  }
}
