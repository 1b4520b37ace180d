/** One run of a task: asked to end when it is cancelled. */
export interface Pass {
  isCancelled: boolean;
}

/** A task beside the commits that can be started, paused and waited for. At most one run of it is under way. */
export class Background {
  readonly #task: (pass: Pass) => Promise<void>;
  #pass: Pass | undefined;
  #running: Promise<void> | undefined;
  #paused = false;

  /** What the task rejects with is of no interest: it finds out for itself what is left to be done. */
  constructor(task: (pass: Pass) => Promise<void>) {
    this.#task = task;
  }

  get isRunning(): boolean {
    return this.#pass !== undefined;
  }

  /** Does nothing while it runs, or is paused. */
  start(): void {
    if (this.#pass !== undefined || this.#paused) return;
    const pass: Pass = { isCancelled: false };
    this.#pass = pass;
    const running = this.#run(pass, this.#running).finally(() => {
      if (this.#pass === pass) this.#pass = undefined;
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
  }

  /** Settles when there is nothing left to do, or after `pause`. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Ends with the step that is running. */
  pause(): void {
    this.#paused = true;
    if (this.#pass !== undefined) this.#pass.isCancelled = true;
    this.#pass = undefined;
  }

  resume(): void {
    this.#paused = false;
    this.start();
  }

  /** `before` is a run that was cancelled and has not noticed yet. */
  async #run(pass: Pass, before: Promise<void> | undefined): Promise<void> {
    await before;
    await this.#task(pass).catch(() => {});
  }
}
