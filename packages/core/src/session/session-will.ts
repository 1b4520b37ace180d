import type { Client, WillRecord } from '@sluice/plugin';
import { Deadline, type DeadlineOwner } from '../base/deadlines.ts';

/** A will that a session holds until its connection ends, and its delay with it (section 3.1.2.5). */
export class SessionWill implements DeadlineOwner {
  readonly record: WillRecord;
  /** The client that left it, as it authenticated last. */
  client: Client;
  readonly deadline: Deadline = new Deadline(this);
  /** Set while its hooks take their time. */
  publishing: Promise<void> | undefined;
  readonly #due: (will: SessionWill) => void;

  constructor(record: WillRecord, client: Client, due: (will: SessionWill) => void) {
    this.record = record;
    this.client = client;
    this.#due = due;
  }

  onDeadline(): void {
    this.#due(this);
  }
}
