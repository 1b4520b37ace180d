import type { Dice } from '../../simulation/dice.ts';

/** What is fuzzed, and with what. */
export interface Target<Input> {
  readonly name: string;
  /** Known inputs to begin with: the corpus, and what the tests have. */
  readonly known: readonly Input[];
  /** A new input out of nothing. */
  generate(dice: Dice): Input;
  /** One that resembles `input`; `other` may give parts to it. */
  mutate(input: Input, other: Input, dice: Dice): Input;
  /** Throws a `Finding` when a rule is broken; anything else that it throws is one as well. */
  run(input: Input): void | Promise<void>;
  /** The same for what depends on the machine; nothing that it reaches counts. */
  runAgain?(input: Input): void;
  /** Simpler inputs, the simplest first. */
  simpler(input: Input): Iterable<Input>;
  /** The input on one line, and back. */
  write(input: Input): string;
  read(line: string): Input;
}

/** A rule that an input broke. */
export class Finding extends Error {
  override readonly name = 'Finding';
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(message);
    this.rule = rule;
  }
}

/** What is thrown as a finding: whatever nobody expected is an exception that nobody caught. */
export function findingOf(error: unknown): Finding {
  if (error instanceof Finding) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Finding('uncaught exception', text);
}
