import type { Operation, QueuedMessage } from '@sluice/plugin';
import type { Batch } from '../commits/batch.ts';
import type { CommitWaiter } from '../commits/commits.ts';
import { RoutedMessage, type StoredBody } from '../messages/routed-message.ts';
import { cancelReference } from '../messages/stored-body.ts';

/** Where a QoS 1 or 2 message of an outbox stands (section 4.3). */
export const EntryState = {
  /** Not sent on this connection. */
  waiting: 0,
  /** Sent; PUBACK or PUBREC is awaited. */
  sent: 1,
  /** PUBREC came; PUBCOMP is awaited. */
  released: 2,
} as const;

export type EntryState = (typeof EntryState)[keyof typeof EntryState];

/** How many packet identifiers there are: 1 to 65,535. Messages whose sequences lie that far apart share one. */
export const packetIds = 65_535;

/** The packet identifier of a sequence. */
export function packetIdOf(sequence: number): number {
  return (sequence % packetIds) + 1;
}

const noIdentifiers: readonly number[] = Object.freeze([]);

/** One QoS 1 or 2 message for one session. */
export class OutboxEntry implements CommitWaiter {
  readonly sequence: number;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The share group that chose the session: when that ends, another member may get the message. */
  readonly sharedFilter: string | undefined;
  /** Undefined once released, and once sent where nobody could resend it. */
  message: RoutedMessage | undefined;
  state: EntryState = EntryState.waiting;
  /** What it must outlive before it may leave as QoS 2 is committed: its `enqueue`, and what its publisher sent. */
  durable = true;
  /** Nothing was before it: it leaves at once, or as soon as it is durable. */
  isImmediate = false;
  /** PUBREC came, on this connection or before: only PUBREL is owed. */
  released = false;
  /** PUBREL waits for its commit. */
  awaitsPubrel = false;
  /** The message, kept for the hooks `acknowledged`, `refused` and `dropped`. */
  reported: RoutedMessage | undefined;
  #owner: { pump(): void } | undefined;
  #batch: Batch | undefined;
  #place = 0;
  #body: StoredBody | undefined;

  constructor(
    sequence: number,
    message: RoutedMessage | undefined,
    qos: 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter: string | undefined,
  ) {
    this.sequence = sequence;
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
    this.sharedFilter = sharedFilter;
  }

  /** Under which it is sent. */
  get packetId(): number {
    return packetIdOf(this.sequence);
  }

  /** An entry as it was committed. */
  static restored(record: QueuedMessage): OutboxEntry {
    const { sequence, message, qos, retain, subscriptionIdentifiers, sharedFilter } = record;
    const entry = new OutboxEntry(
      sequence,
      message === undefined ? undefined : RoutedMessage.of(message),
      qos,
      retain,
      subscriptionIdentifiers.length === 0 ? undefined : subscriptionIdentifiers,
      sharedFilter,
    );
    entry.released = record.released;
    return entry;
  }

  /** What is to be stored of it. */
  enqueueing(session: number, message: RoutedMessage): Operation {
    const { sequence, qos, retain, sharedFilter } = this;
    return {
      type: 'enqueue',
      session,
      sequence,
      message: message.number,
      qos,
      retain,
      subscriptionIdentifiers: this.subscriptionIdentifiers ?? noIdentifiers,
      ...(sharedFilter !== undefined && { sharedFilter }),
    };
  }

  /** Remembers its operation, so that it can be cancelled until the batch is sealed. */
  enqueued(batch: Batch, body: StoredBody, owner: { pump(): void }): void {
    this.awaits(owner);
    this.#batch = batch;
    this.#place = batch.operations.length - 1;
    this.#body = body;
  }

  /** It waits for a commit without an operation of its own. */
  awaits(owner: { pump(): void }): this {
    this.durable = false;
    this.#owner = owner;
    return this;
  }

  /** Takes the `enqueue` back where it is not on its way yet; false when it is. */
  cancel(): boolean {
    const batch = this.#batch;
    if (batch === undefined || batch.sealed) return false;
    batch.operations[this.#place] = undefined;
    if (this.#body !== undefined) cancelReference(this.#body);
    return true;
  }

  onCommitted(failure: Error | undefined): void {
    if (failure !== undefined) return;
    this.durable = true;
    this.#batch = undefined;
    this.#body = undefined;
    // Only QoS 2 waited for it.
    if (this.qos === 2) this.#owner?.pump();
  }
}

/**
 * All that is kept of a QoS 1 message once it was sent, where nobody would send it again or be told of its end: its
 * place. One for all of them, since a fan-out to a thousand would otherwise make a thousand that live for a while.
 */
export const passed: OutboxEntry = new OutboxEntry(-1, undefined, 1, false, undefined, undefined);
passed.state = EntryState.sent;
