// Keys are a prefix byte, then numbers in big-endian order, so that LevelDB's byte order is theirs, and at most
// one text, always last: no text, whatever it holds, can be taken for another part of a key.
//
//   \0 name            identity of the store, next numbers      s clientId        session
//   b session filter   subscription                             i session pid     inbound QoS 2 identifier
//   q session sequence reference to a message                   m number          message body, shared
//   r topic            retained message                         w session         will
//   g session          session that ended, to be swept          z key             quarantined record

/** The first byte of each key: what kind of record it is. */
export const Prefix = {
  meta: 0x00,
  subscription: 0x62,
  ended: 0x67,
  received: 0x69,
  message: 0x6d,
  queue: 0x71,
  retained: 0x72,
  session: 0x73,
  will: 0x77,
  quarantine: 0x7a,
} as const;

export type Prefix = (typeof Prefix)[keyof typeof Prefix];

/** Format, name and epoch of the store. */
export const identityKey: Buffer = Buffer.from('\0identity', 'latin1');
/** The next message and session numbers. */
export const numbersKey: Buffer = Buffer.from('\0numbers', 'latin1');

const twoTo32 = 0x1_0000_0000;

function writeNumber(key: Buffer, value: number, offset: number): void {
  key.writeUInt32BE(Math.floor(value / twoTo32), offset);
  key.writeUInt32BE(value % twoTo32, offset + 4);
}

/** Reads the number of 8 bytes at an offset of a key. */
export function numberAt(key: Buffer, offset: number): number {
  const high = key.readUInt32BE(offset);
  const low = key.readUInt32BE(offset + 4);
  return high === 0 ? low : high * twoTo32 + low;
}

/** The text that ends a key. */
export function textFrom(key: Buffer, offset: number): string {
  return key.toString('utf8', offset);
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
  const key = Buffer.allocUnsafe(9 + Buffer.byteLength(requested));
  key[0] = Prefix.subscription;
  writeNumber(key, session, 1);
  key.write(requested, 9);
  return key;
}

export function queueKey(session: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(17);
  key[0] = Prefix.queue;
  writeNumber(key, session, 1);
  writeNumber(key, sequence, 9);
  return key;
}

export function receivedKey(session: number, packetId: number): Buffer {
  const key = Buffer.allocUnsafe(11);
  key[0] = Prefix.received;
  writeNumber(key, session, 1);
  key.writeUInt16BE(packetId, 9);
  return key;
}

/** Key of a message, a will or an ended session: a prefix and one number. */
export function numberKey(
  prefix: typeof Prefix.message | typeof Prefix.will | typeof Prefix.ended,
  value: number,
): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix;
  writeNumber(key, value, 1);
  return key;
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
  prefix: typeof Prefix.queue | typeof Prefix.subscription | typeof Prefix.received,
  session: number,
): KeyRange {
  const gte = Buffer.allocUnsafe(9);
  gte[0] = prefix;
  writeNumber(gte, session, 1);
  const lt = Buffer.allocUnsafe(9);
  lt[0] = prefix;
  writeNumber(lt, session + 1, 1);
  return { gte, lt };
}

/** The entries of a session's queue from a sequence on. */
export function rangeOfQueue(session: number, from: number): KeyRange {
  return { gte: queueKey(session, from), lt: rangeOfSession(Prefix.queue, session).lt };
}
