/** A reason in one sentence why a benchmark cannot run; shown without a stack. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
