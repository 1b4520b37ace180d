/** A piece of code that is timed by itself. */
export interface MicroBenchmark {
  readonly group: string;
  readonly name: string;
  /** How many operations one call of `run` makes; the report is about one. */
  readonly operations: number;
  run(): void;
}
