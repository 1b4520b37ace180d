import type { Source } from './checks.ts';
import { type Document, readDocument } from './document.ts';
import { type GivenDocument, isSource } from './document-source.ts';
import { FileWatch } from './file-watch.ts';

/** What becomes of a document. Throws a `BrokerError` for one that is broken. */
export type Read<Value> = (document: Document, source: Source) => Value | Promise<Value>;

/** Users or rules that can be read again: what was read last stays in force until a good one takes its place. */
export class LiveDocument<Value> {
  readonly #given: GivenDocument;
  readonly #source: Source;
  readonly #read: Read<Value>;
  readonly #watch: FileWatch | undefined;
  /** Whether the source was asked to tell of changes: it is once, however often brokers start. */
  #isTold = false;
  #changed: (() => void) | undefined;
  #current: { readonly value: Value } | undefined;
  /** How many readings began. */
  #begun = 0;
  /** The number of the one whose value counts. */
  #taken = 0;

  /** `source.name` names the option; of a file, its path takes that place. */
  constructor(given: GivenDocument, source: Source, read: Read<Value>) {
    this.#given = given;
    this.#source = typeof given === 'string' ? { ...source, name: given } : source;
    this.#read = read;
    this.#watch = typeof given === 'string' ? new FileWatch(given) : undefined;
  }

  /** What was read last. To be asked for after the first `load`. */
  get current(): Value {
    if (this.#current === undefined) throw new Error('the document was never loaded');
    return this.#current.value;
  }

  /** Reads it, and takes it if it is whole: unless one that began later was, since a source may take its time. */
  async load(): Promise<Value> {
    // Before it is numbered: what is known of the file is no newer than what the last reading finds.
    await this.#watch?.seen();
    this.#begun += 1;
    const number = this.#begun;
    const value = await this.#read(await this.#open(), this.#source);
    if (number > this.#taken) {
      this.#taken = number;
      this.#current = { value };
    }
    return value;
  }

  /** Calls back for each change, also for one that breaks it. */
  watch(changed: () => void): void {
    this.#changed = changed;
    if (typeof this.#given === 'object' && isSource(this.#given) && !this.#isTold) {
      this.#isTold = true;
      this.#given.onChange?.(() => this.#changed?.());
    }
    this.#watch?.start(changed);
  }

  unwatch(): void {
    this.#changed = undefined;
    this.#watch?.stop();
  }

  async #open(): Promise<Document> {
    if (typeof this.#given === 'string') {
      return await readDocument(this.#given, this.#source);
    }
    const value = isSource(this.#given) ? await this.#given.load() : this.#given;
    return { value, text: undefined };
  }
}
