import type { Environment } from './environment.ts';

/** Work that is put off to the end of a turn of the event loop. */
export interface TurnTask {
  endTurn(): void;
}

/**
 * The end of a turn: after the reads of all sockets, commits are made first and outputs written last,
 * so that an answer released by a commit leaves in the same write as everything else.
 */
export class Turn {
  readonly #environment: Environment;
  readonly #run: () => void = () => this.#end();
  #commits: TurnTask[] = [];
  #outputs: TurnTask[] = [];
  #spare: TurnTask[] = [];
  #scheduled = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Runs a commit at the end of this turn. */
  commit(task: TurnTask): void {
    this.#commits.push(task);
    this.#schedule();
  }

  /** Writes an output at the end of this turn. */
  flush(task: TurnTask): void {
    this.#outputs.push(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#environment.defer(this.#run);
  }

  #end(): void {
    this.#scheduled = false;
    const commits = this.#commits;
    if (commits.length > 0) {
      this.#commits = [];
      for (let index = 0; index < commits.length; index++) commits[index]?.endTurn();
    }
    const outputs = this.#outputs;
    this.#outputs = this.#spare;
    for (let index = 0; index < outputs.length; index++) outputs[index]?.endTurn();
    outputs.length = 0;
    this.#spare = outputs;
  }
}
