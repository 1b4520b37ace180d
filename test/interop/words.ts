/** The name=value words of a line between the runner and a client program: see script.md. */
export class Words {
  readonly #words: readonly string[];

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  all(name: string): string[] {
    return this.#words
      .filter((word) => word.startsWith(`${name}=`))
      .map((word) => word.slice(name.length + 1));
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** A word that the line must have. */
  need(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new Error(`${name} is missing`);
    return value;
  }

  is(name: string): boolean {
    return this.get(name) === '1';
  }

  toString(): string {
    return this.#words.join(' ');
  }
}

export type Word = readonly [name: string, value: string | number | undefined];

/** Splits a line into its verb and its words. */
export function parseLine(line: string): { readonly verb: string; readonly words: Words } {
  const [verb = '', ...words] = line.split(' ');
  return { verb, words: new Words(words) };
}

/** Writes a line, without the words that have no value. */
export function formatLine(verb: string, words: readonly Word[] = []): string {
  return [
    verb,
    ...words.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  ].join(' ');
}
