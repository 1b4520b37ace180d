/** The broker did not do what a case expects. */
export class CaseFailure extends Error {
  override readonly name = 'CaseFailure';
  /** The statement that is broken, where the case tells it apart from its others. */
  readonly statement: string | undefined;

  constructor(message: string, statement?: string) {
    super(message);
    this.statement = statement;
  }
}

/** A case asks for what the broker announced as unavailable. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** What a case is about cannot be seen with this broker, and the standard allows that. */
export class NotObservable extends Error {
  override readonly name = 'NotObservable';
}
