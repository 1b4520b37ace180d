import type {
  Message,
  OpenOptions,
  ReceivedRecord,
  RestoredSession,
  SessionRecord,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from '@sluice/plugin';
import type { Database } from './database.ts';
import type { Quarantine } from './quarantine.ts';
import { RecordScan } from './record-scan.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import {
  behindNumber,
  type KeyRange,
  numberAt,
  numbersKey,
  Prefix,
  queueKey,
  queueKeyBytes,
  rangeOf,
  receivedKeyBytes,
} from './records/keys.ts';
import {
  type NextNumbers,
  readMessage,
  readNumbers,
  readSession,
  readSubscription,
  readWill,
} from './records/records.ts';
import { References } from './references.ts';
import { scanEntries } from './scan.ts';

/** Far above anything that a lost record of the next numbers can have handed out. */
const numbersSkippedAfterDamage = 2 ** 40;

/** A session as it is put together while its queue is counted. */
type LoadedSession = { -readonly [Name in keyof RestoredSession]: RestoredSession[Name] };

export interface Loaded {
  readonly snapshot: Snapshot;
  readonly references: References;
  /** Sessions that ended but are not swept yet. */
  readonly ended: ReadonlySet<number>;
  /** Session numbers of records whose session is unknown. */
  readonly orphans: ReadonlySet<number>;
}

/** Reads a whole store once, in key order where that is quicker. Damaged records go to the quarantine. */
export class Loader {
  readonly #database: Database;
  readonly #scan: RecordScan;

  readonly #sessions = new Map<number, LoadedSession>();
  readonly #subscriptions: SubscriptionRecord[] = [];
  readonly #received: ReceivedRecord[] = [];
  readonly #wills: WillRecord[] = [];
  readonly #retained: Message[] = [];
  readonly #references = new References();
  readonly #ended = new Set<number>();
  readonly #orphans = new Set<number>();
  #highestMessage = 0;
  #highestSession = 0;

  constructor(database: Database, quarantine: Quarantine, onProgress: OpenOptions['onProgress']) {
    this.#database = database;
    this.#scan = new RecordScan(database, quarantine, onProgress);
  }

  async load(): Promise<Loaded> {
    const damagedSessions = await this.#loadSessions();
    // Side by side: while one scan is in LevelDB's threads, another one's records are decoded here.
    const middle = Math.ceil(this.#highestSession / 2);
    await Promise.all([
      this.#loadSubscriptions(),
      this.#loadReceived(),
      this.#loadWills(),
      this.#loadRetained(),
      this.#countQueues({ ...rangeOf(Prefix.queue), lt: queueKey(middle, 0) }),
      this.#countQueues({ ...rangeOf(Prefix.queue), gte: queueKey(middle, 0) }),
    ]);
    // Records without their session may belong to one that has just been put aside: leave them to be looked at.
    if (damagedSessions > 0) this.#orphans.clear();
    await this.#findEnded();
    const numbers = await this.#loadNumbers();
    const snapshot: Snapshot = {
      sessions: drain([...this.#sessions.values()]),
      subscriptions: drain(this.#subscriptions),
      received: this.#received,
      wills: this.#wills,
      retained: this.#retained,
      nextMessageNumber: Math.max(numbers.message, this.#highestMessage + 1),
      nextSessionNumber: Math.max(numbers.session, this.#highestSession + 1),
    };
    return { snapshot, references: this.#references, ended: this.#ended, orphans: this.#orphans };
  }

  /** Settles with the number of damaged ones. */
  #loadSessions(): Promise<number> {
    return this.#scan.texts({
      what: 'session',
      range: rangeOf(Prefix.session),
      keyBytes: 1,
      read: (reader) => readSession(reader, reader.keyText(1)),
      take: (record) => {
        this.#highestSession = Math.max(this.#highestSession, record.session);
        this.#sessions.set(record.session, loadedSession(record));
      },
    });
  }

  #loadSubscriptions(): Promise<number> {
    return this.#scan.texts({
      what: 'subscription',
      range: rangeOf(Prefix.subscription),
      keyBytes: behindNumber,
      read: (reader) => readSubscription(reader, reader.keyNumber(1), reader.keyText(behindNumber)),
      take: (record) => {
        if (this.#isLive(record.session)) this.#subscriptions.push(record);
      },
    });
  }

  #loadReceived(): Promise<number> {
    return this.#scan.texts({
      what: 'received',
      range: rangeOf(Prefix.received),
      keyBytes: receivedKeyBytes,
      read: (reader) => ({ session: reader.keyNumber(1), packetId: reader.keyPacketId() }),
      take: (record) => {
        if (this.#isLive(record.session)) this.#received.push(record);
      },
    });
  }

  #loadWills(): Promise<number> {
    return this.#scan.bytes({
      what: 'will',
      range: rangeOf(Prefix.will),
      keyBytes: behindNumber,
      read: (reader) => readWill(reader, reader.keyNumber(1)),
      take: (record) => {
        this.#highestSession = Math.max(this.#highestSession, record.session);
        this.#wills.push(record);
      },
    });
  }

  #loadRetained(): Promise<number> {
    return this.#scan.bytes({
      what: 'retained',
      range: rangeOf(Prefix.retained),
      keyBytes: 1,
      read: readMessage,
      take: (message) => {
        this.#highestMessage = Math.max(this.#highestMessage, message.number);
        this.#retained.push(message);
      },
    });
  }

  /** References of sessions that ended count too: the sweep gives them back. */
  #countQueues(range: KeyRange): Promise<number> {
    let session = -1;
    let loaded: LoadedSession | undefined;
    return this.#scan.texts({
      what: 'queue',
      range,
      keyBytes: queueKeyBytes,
      // The rest of the entry is of no interest here; 0 stands for one that was released.
      read: (reader) => reader.integer(),
      take: (message, reader) => {
        const owner = reader.keyNumber(1);
        if (owner !== session) {
          session = owner;
          loaded = this.#isLive(owner) ? this.#sessions.get(owner) : undefined;
        }
        if (loaded !== undefined) {
          loaded.nextSequence = reader.keyNumber(behindNumber) + 1;
          loaded.queued++;
        }
        if (message === 0) return;
        this.#references.add(message);
        if (message > this.#highestMessage) this.#highestMessage = message;
      },
    });
  }

  #findEnded(): Promise<void> {
    return scanEntries(this.#database, rangeOf(Prefix.ended), (key) => {
      this.#ended.add(numberAt(key, 1));
    });
  }

  async #loadNumbers(): Promise<NextNumbers> {
    const value = await this.#database.get(numbersKey);
    try {
      if (value !== undefined) return readNumbers(new ByteReader().open(numbersKey, value));
      if (this.#highestMessage === 0 && this.#highestSession === 0)
        return { message: 1, session: 1 };
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
    }
    return {
      message: this.#highestMessage + numbersSkippedAfterDamage,
      session: this.#highestSession + numbersSkippedAfterDamage,
    };
  }

  #isLive(session: number): boolean {
    if (this.#sessions.has(session)) return true;
    this.#orphans.add(session);
    return false;
  }
}

/** Field by field: a spread takes ten times as long, and there may be a hundred thousand. */
function loadedSession(record: SessionRecord): LoadedSession {
  return {
    session: record.session,
    clientId: record.clientId,
    identity: record.identity,
    expiryInterval: record.expiryInterval,
    disconnectedAt: record.disconnectedAt,
    sentBefore: record.sentBefore,
    nextSequence: 0,
    queued: 0,
  };
}

/** Lets go of each record as it is read: what is made of them needs the memory. */
function* drain<Value>(records: Value[]): IterableIterator<Value> {
  records.reverse();
  for (let next = records.pop(); next !== undefined; next = records.pop()) yield next;
}
