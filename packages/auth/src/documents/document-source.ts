/** Where a program keeps users or rules that are in no file: a database, a service, code. */
export interface DocumentSource<Content> {
  /** Answers all of it. Called at the start and at each reload; what it throws leaves the last answer in force. */
  load(): Content | Promise<Content>;
  /** Called once, with a function to call whenever `load` would answer something else. */
  onChange?(changed: () => void): void;
}

/** The path of a file, its content, or a source. */
export type Given<Content> = string | Content | DocumentSource<Content>;

/** What `Given` is after a check of its kind only. */
export type GivenDocument = string | object;

/** Whether something that was given is a source: a document has no functions. */
export function isSource(given: GivenDocument): given is DocumentSource<unknown> {
  return typeof given === 'object' && 'load' in given && typeof given.load === 'function';
}
