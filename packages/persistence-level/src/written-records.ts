import type { Message, SessionRecord, SubscriptionRecord, WillRecord } from '@sluice/plugin';
import type { ByteWriter } from './records/byte-writer.ts';
import {
  messageKey,
  numberKey,
  numbersKey,
  Prefix,
  retainedKey,
  sessionKey,
  subscriptionKey,
} from './records/keys.ts';
import {
  type NextNumbers,
  writeMessage,
  writeNumbers,
  writeSession,
  writeSubscription,
  writeWill,
} from './records/records.ts';

/** What takes records, and copies each of them at once. */
interface Records {
  put(key: Buffer, value: Buffer): unknown;
}

/** Writes the records of one commit that are not about places of queues, and sees to it that no number is given out twice. */
export class WrittenRecords {
  readonly #batch: Records;
  readonly #writer: ByteWriter;
  readonly #before: NextNumbers;
  #nextMessage: number;
  #nextSession: number;

  /** `next` are the numbers to give out next, as the store knows them. */
  constructor(batch: Records, writer: ByteWriter, next: NextNumbers) {
    this.#batch = batch;
    this.#writer = writer;
    this.#before = next;
    this.#nextMessage = next.message;
    this.#nextSession = next.session;
  }

  /** The numbers to give out next, when these records are in the store. */
  get next(): NextNumbers {
    return { message: this.#nextMessage, session: this.#nextSession };
  }

  putMessage(message: Message): void {
    const key = messageKey(message.number);
    writeMessage(this.#writer.start(), message);
    this.#put(key);
    this.#countMessage(message.number);
  }

  putRetained(message: Message): void {
    const key = retainedKey(message.topic);
    writeMessage(this.#writer.start(), message);
    this.#put(key);
    this.#countMessage(message.number);
  }

  putSession(record: SessionRecord): void {
    writeSession(this.#writer.start(), record);
    this.#put(sessionKey(record.clientId));
    this.#countSession(record.session);
  }

  /** Its queue is to be swept. */
  putEnded(session: number): void {
    this.#writer.start();
    this.#put(numberKey(Prefix.ended, session));
    this.#countSession(session);
  }

  putSubscription(record: SubscriptionRecord): void {
    writeSubscription(this.#writer.start(), record);
    this.#put(subscriptionKey(record.session, record.requested));
  }

  putWill(record: WillRecord): void {
    writeWill(this.#writer.start(), record);
    this.#put(numberKey(Prefix.will, record.session));
    this.#countSession(record.session);
  }

  /** The last one, where a record has a number that was not given out before. */
  putNumbers(): void {
    const { message, session } = this.#before;
    if (this.#nextMessage === message && this.#nextSession === session) return;
    writeNumbers(this.#writer.start(), this.next);
    this.#put(numbersKey);
  }

  /** What was written since the writer started, under a key. */
  #put(key: Buffer): void {
    this.#batch.put(key, this.#writer.seal(key));
  }

  #countMessage(number: number): void {
    if (number >= this.#nextMessage) this.#nextMessage = number + 1;
  }

  #countSession(number: number): void {
    if (number >= this.#nextSession) this.#nextSession = number + 1;
  }
}
