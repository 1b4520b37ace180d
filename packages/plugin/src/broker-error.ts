/** Something that the application or its configuration did wrong. Match on `code`: `docs/errors.md` lists them. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
