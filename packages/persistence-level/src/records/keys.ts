import { bytesOfNumber, readNumber, writeNumber } from './seven-bits.ts';

// Keys are a prefix byte, then numbers in an order of bytes that is theirs, and at most one text, always last: no
// text, whatever it holds, can be taken for another part of a key. Every key is valid UTF-8.
//
//   \0 name            identity of the store, next numbers      s clientId        session
//   b session filter   subscription                             m number          message body, shared
//   j number           journal: what one commit did to          q session page    32 places of a queue
//                      queues and identifiers                   i session page    32 inbound QoS 2 identifiers
//   r topic            retained message                         w session         will
//   g session          session that ended, to be swept          z key             quarantined record
//
// A page has the number of its first place, divided by 32. What the journal says comes after what the pages say.

/** The first byte of each key: what kind of record it is. */
export const Prefix = {
  meta: 0x00,
  subscription: 0x62,
  ended: 0x67,
  received: 0x69,
  journal: 0x6a,
  message: 0x6d,
  queue: 0x71,
  retained: 0x72,
  session: 0x73,
  will: 0x77,
  quarantine: 0x7a,
} as const;

export type Prefix = (typeof Prefix)[keyof typeof Prefix];
export type PagePrefix = typeof Prefix.queue | typeof Prefix.received;

/** Format, name and epoch of the store. */
export const identityKey: Buffer = Buffer.from('\0identity', 'latin1');
/** The next message and session numbers. */
export const numbersKey: Buffer = Buffer.from('\0numbers', 'latin1');

/** Where the second part of a key with a number begins. */
export const behindNumber: number = 1 + bytesOfNumber;
/** Bytes of the key of a page. */
export const pageKeyBytes: number = behindNumber + bytesOfNumber;

/** Reads the number of 8 bytes at an offset of a key. */
export function numberAt(key: Buffer, offset: number): number {
  return readNumber(key, offset);
}

/** The text that ends a key. */
export function textFrom(key: Buffer, offset: number, end: number = key.length): string {
  return key.toString('utf8', offset, end);
}

export function sessionKey(clientId: string): Buffer {
  return textKey(Prefix.session, clientId);
}

export function retainedKey(topic: string): Buffer {
  return textKey(Prefix.retained, topic);
}

function textKey(prefix: Prefix, text: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  key[0] = prefix;
  key.write(text, 1);
  return key;
}

export function subscriptionKey(session: number, requested: string): Buffer {
  const key = Buffer.allocUnsafe(behindNumber + Buffer.byteLength(requested));
  key[0] = Prefix.subscription;
  writeNumber(key, session, 1);
  key.write(requested, behindNumber);
  return key;
}

/** Key of a page of a queue, or of identifiers. */
export function pageKey(prefix: PagePrefix, session: number, page: number): Buffer {
  const key = Buffer.allocUnsafe(pageKeyBytes);
  key[0] = prefix;
  writeNumber(key, session, 1);
  writeNumber(key, page, behindNumber);
  return key;
}

/** Key of a message, a will, an ended session or a record of the journal: a prefix and one number. */
export function numberKey(
  prefix: typeof Prefix.message | typeof Prefix.will | typeof Prefix.ended | typeof Prefix.journal,
  value: number,
): Buffer {
  const key = Buffer.allocUnsafe(behindNumber);
  key[0] = prefix;
  writeNumber(key, value, 1);
  return key;
}

const sharedMessageKey = numberKey(Prefix.message, 0);

/** Key of a message, in a buffer that all of them share: good until the next one, for what copies it at once. */
export function messageKey(value: number): Buffer {
  writeNumber(sharedMessageKey, value, 1);
  return sharedMessageKey;
}

export function quarantineKey(key: Buffer): Buffer {
  const moved = Buffer.allocUnsafe(1 + key.length);
  moved[0] = Prefix.quarantine;
  key.copy(moved, 1);
  return moved;
}

/** Keys from `gte` on and below `lt`. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

/** All keys of one prefix. */
export function rangeOf(prefix: Prefix): KeyRange {
  return { gte: Buffer.of(prefix), lt: Buffer.of(prefix + 1) };
}

/** All keys of one session below a prefix that is followed by a session number. */
export function rangeOfSession(
  prefix: PagePrefix | typeof Prefix.subscription,
  session: number,
): KeyRange {
  const gte = Buffer.allocUnsafe(behindNumber);
  gte[0] = prefix;
  writeNumber(gte, session, 1);
  const lt = Buffer.allocUnsafe(behindNumber);
  lt[0] = prefix;
  writeNumber(lt, session + 1, 1);
  return { gte, lt };
}

/** The pages of a session's queue from one on. */
export function rangeOfQueue(session: number, from: number): KeyRange {
  return {
    gte: pageKey(Prefix.queue, session, from),
    lt: rangeOfSession(Prefix.queue, session).lt,
  };
}
