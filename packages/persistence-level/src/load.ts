import type {
  Message,
  OpenOptions,
  ReceivedRecord,
  RestoredSession,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from '@sluice/plugin';
import { ByteReader, DamagedRecord } from './byte-reader.ts';
import type { RecordKind } from './damage-report.ts';
import {
  type KeyRange,
  numberAt,
  numbersKey,
  Prefix,
  queueKey,
  rangeOf,
  textFrom,
} from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import {
  type NextNumbers,
  readMessage,
  readNumbers,
  readSession,
  readSubscription,
  readWill,
} from './records.ts';
import { References } from './references.ts';
import { scanEntries } from './scan.ts';
import type { Database } from './store.ts';

const recordsPerReport = 50_000;
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
  readonly #quarantine: Quarantine;
  readonly #onProgress: OpenOptions['onProgress'];
  readonly #reader = new ByteReader();

  readonly #sessions = new Map<number, LoadedSession>();
  readonly #subscriptions: SubscriptionRecord[] = [];
  readonly #received: ReceivedRecord[] = [];
  readonly #wills: WillRecord[] = [];
  readonly #retained: Message[] = [];
  readonly #references = new References();
  readonly #ended = new Set<number>();
  readonly #orphans = new Set<number>();
  #damagedSessions = 0;
  #highestMessage = 0;
  #highestSession = 0;

  constructor(database: Database, quarantine: Quarantine, onProgress: OpenOptions['onProgress']) {
    this.#database = database;
    this.#quarantine = quarantine;
    this.#onProgress = onProgress;
  }

  async load(): Promise<Loaded> {
    await this.#loadSessions();
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
    if (this.#damagedSessions > 0) this.#orphans.clear();
    await this.#findEnded();
    const numbers = await this.#loadNumbers();
    const snapshot: Snapshot = {
      sessions: [...this.#sessions.values()],
      subscriptions: this.#subscriptions,
      received: this.#received,
      wills: this.#wills,
      retained: this.#retained,
      nextMessageNumber: Math.max(numbers.message, this.#highestMessage + 1),
      nextSessionNumber: Math.max(numbers.session, this.#highestSession + 1),
    };
    return { snapshot, references: this.#references, ended: this.#ended, orphans: this.#orphans };
  }

  #loadSessions(): Promise<void> {
    return this.#scan('session', rangeOf(Prefix.session), 1, (reader, key) => {
      const record = readSession(reader, textFrom(key, 1));
      this.#highestSession = Math.max(this.#highestSession, record.session);
      this.#sessions.set(record.session, { ...record, nextSequence: 0, queued: 0 });
    });
  }

  #loadSubscriptions(): Promise<void> {
    return this.#scan('subscription', rangeOf(Prefix.subscription), 9, (reader, key) => {
      const session = numberAt(key, 1);
      if (!this.#isLive(session)) return;
      this.#subscriptions.push(readSubscription(reader, session, textFrom(key, 9)));
    });
  }

  #loadReceived(): Promise<void> {
    return this.#scan('received', rangeOf(Prefix.received), 11, (_reader, key) => {
      const session = numberAt(key, 1);
      if (!this.#isLive(session)) return;
      this.#received.push({ session, packetId: key.readUInt16BE(9) });
    });
  }

  #loadWills(): Promise<void> {
    return this.#scan('will', rangeOf(Prefix.will), 9, (reader, key) => {
      const session = numberAt(key, 1);
      this.#highestSession = Math.max(this.#highestSession, session);
      this.#wills.push(readWill(reader, session));
    });
  }

  #loadRetained(): Promise<void> {
    return this.#scan('retained', rangeOf(Prefix.retained), 1, (reader) => {
      const message = readMessage(reader);
      this.#highestMessage = Math.max(this.#highestMessage, message.number);
      this.#retained.push(message);
    });
  }

  /** References of sessions that ended count too: the sweep gives them back. */
  #countQueues(range: KeyRange): Promise<void> {
    let session = -1;
    let loaded: LoadedSession | undefined;
    return this.#scan('queue', range, 17, (reader, key) => {
      // The rest of the entry is of no interest here; 0 stands for one that was released.
      const message = reader.integer();
      const owner = numberAt(key, 1);
      if (owner !== session) {
        session = owner;
        loaded = this.#isLive(owner) ? this.#sessions.get(owner) : undefined;
      }
      if (loaded !== undefined) {
        loaded.nextSequence = numberAt(key, 9) + 1;
        loaded.queued++;
      }
      if (message === 0) return;
      this.#references.add(message);
      if (message > this.#highestMessage) this.#highestMessage = message;
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
      if (value !== undefined) return readNumbers(this.#reader.open(numbersKey, value));
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

  async #scan(
    what: RecordKind,
    range: KeyRange,
    minKeyBytes: number,
    visit: (reader: ByteReader, key: Buffer) => void,
  ): Promise<void> {
    let records = 0;
    await scanEntries(this.#database, range, (key, value) => {
      records++;
      if (records % recordsPerReport === 0) this.#onProgress?.(what, records);
      try {
        if (key.length < minKeyBytes) throw new DamagedRecord('its key is too short');
        visit(this.#reader.open(key, value), key);
      } catch (error) {
        if (!(error instanceof DamagedRecord)) throw error;
        if (what === 'session') this.#damagedSessions++;
        this.#quarantine.add(key, value, error.message);
      }
    });
    if (records > 0 && records % recordsPerReport !== 0) this.#onProgress?.(what, records);
  }
}
