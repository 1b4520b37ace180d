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
  #current: { readonly value: Value } | undefined;
  /** Of the last reading: a slow one must not take the place of one that began after it. */
  #turn: Promise<unknown> = Promise.resolve();

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

  /** Reads it, and takes it if it is whole. */
  load(): Promise<Value> {
    const loaded = this.#turn.then(async () => {
      const value = await this.#read(await this.#open(), this.#source);
      this.#current = { value };
      return value;
    });
    this.#turn = loaded.catch(() => {});
    return loaded;
  }

  /** Calls back for each change, also for one that breaks it. */
  watch(changed: () => void): void {
    if (typeof this.#given === 'object' && isSource(this.#given)) this.#given.onChange?.(changed);
    this.#watch?.start(changed);
  }

  unwatch(): void {
    this.#watch?.stop();
  }

  async #open(): Promise<Document> {
    if (typeof this.#given === 'string') {
      await this.#watch?.seen();
      return await readDocument(this.#given, this.#source);
    }
    const value = isSource(this.#given) ? await this.#given.load() : this.#given;
    return { value, text: undefined };
  }
}
