import type { Message, OpenOptions, ReceivedRecord, Snapshot, WillRecord } from '@sluice/plugin';
import type { Database } from './database.ts';
import type { Journal } from './journal.ts';
import { LoadedSessions } from './loaded-sessions.ts';
import { LoadedSubscriptions } from './loaded-subscriptions.ts';
import { PageMerge, readJournal } from './merged-pages.ts';
import type { PageName } from './place-changes.ts';
import type { Quarantine } from './quarantine.ts';
import { RecordScan } from './record-scan.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import {
  behindNumber,
  type KeyRange,
  numberAt,
  numbersKey,
  type PagePrefix,
  Prefix,
  pageKey,
  pageKeyBytes,
  rangeOf,
} from './records/keys.ts';
import {
  messagesOf,
  noMessage,
  type PageMessages,
  type Places,
  placesPerPage,
  readPage,
  readPageMessages,
} from './records/page.ts';
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

export interface Loaded {
  readonly snapshot: Snapshot;
  readonly references: References;
  /** What is not folded into pages yet. */
  readonly journal: Journal;
  /** Sessions that ended but are not swept yet. */
  readonly ended: ReadonlySet<number>;
  /** Session numbers of records whose session is unknown. */
  readonly orphans: ReadonlySet<number>;
}

/** Reads a whole store once, in key order where that is quicker. Damaged records go to the quarantine. */
export class Loader {
  readonly #database: Database;
  readonly #quarantine: Quarantine;
  readonly #scan: RecordScan;

  readonly #sessions = new LoadedSessions();
  readonly #subscriptions = new LoadedSubscriptions();
  readonly #received: ReceivedRecord[] = [];
  readonly #wills: WillRecord[] = [];
  readonly #retained: Message[] = [];
  readonly #references = new References();
  readonly #ended = new Set<number>();
  readonly #orphans = new Set<number>();
  /** Of the page that is being counted. */
  readonly #messages: PageMessages = new Float64Array(placesPerPage);
  #highestMessage = 0;
  #highestSession = 0;

  constructor(database: Database, quarantine: Quarantine, onProgress: OpenOptions['onProgress']) {
    this.#database = database;
    this.#quarantine = quarantine;
    this.#scan = new RecordScan(database, quarantine, onProgress);
  }

  async load(): Promise<Loaded> {
    // Side by side: while one scan is in LevelDB's threads, another one's records are decoded here.
    const [damagedSessions, journal, numbers] = await Promise.all([
      this.#loadSessions(),
      readJournal(this.#database, (key, value, reason) => this.#quarantine.add(key, value, reason)),
      this.#database.get(numbersKey),
      this.#loadSubscriptions(),
      this.#loadWills(),
      this.#loadRetained(),
      this.#findEnded(),
    ]);
    const merge = new PageMerge(journal.oldest);
    const split = pageKey(Prefix.queue, Math.ceil(this.#highestSession / 2), 0);
    await Promise.all([
      this.#loadIdentifiers(merge),
      this.#loadQueues({ ...rangeOf(Prefix.queue), lt: split }, merge),
      this.#loadQueues({ ...rangeOf(Prefix.queue), gte: split }, merge),
    ]);
    for (const prefix of [Prefix.received, Prefix.queue] as const) {
      for (const [name, places] of merge.rest(prefix)) this.#takePage(name, places);
    }
    for (const session of this.#subscriptions.sessions()) this.#isLive(session);
    // Records without their session may belong to one that has just been put aside: leave them to be looked at.
    if (damagedSessions > 0) this.#orphans.clear();
    const next = this.#nextNumbers(numbers);
    const snapshot: Snapshot = {
      sessions: this.#sessions.records(),
      subscriptions: this.#subscriptions.records((session) => this.#sessions.has(session)),
      received: this.#received,
      wills: this.#wills,
      retained: this.#retained,
      nextMessageNumber: Math.max(next.message, this.#highestMessage + 1),
      nextSessionNumber: Math.max(next.session, this.#highestSession + 1),
    };
    return {
      snapshot,
      references: this.#references,
      journal,
      ended: this.#ended,
      orphans: this.#orphans,
    };
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
        this.#sessions.add(record);
      },
    });
  }

  #loadSubscriptions(): Promise<number> {
    return this.#scan.texts({
      what: 'subscription',
      range: rangeOf(Prefix.subscription),
      keyBytes: behindNumber,
      read: (reader) => readSubscription(reader, reader.keyNumber(1), reader.keyText(behindNumber)),
      take: (record) => this.#subscriptions.add(record),
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

  #loadIdentifiers(merge: PageMerge): Promise<number> {
    return this.#scan.texts({
      what: 'received',
      range: rangeOf(Prefix.received),
      keyBytes: pageKeyBytes,
      read: (reader) => readPage(reader, Prefix.received),
      take: (places, reader) => {
        const name = nameOf(Prefix.received, reader);
        merge.over(name, places);
        this.#takePage(name, places);
      },
    });
  }

  #loadQueues(range: KeyRange, merge: PageMerge): Promise<number> {
    return this.#scan.texts({
      what: 'queue',
      range,
      keyBytes: pageKeyBytes,
      read: (reader) => readPageMessages(reader, this.#messages),
      take: (messages, reader) => {
        const name = nameOf(Prefix.queue, reader);
        merge.overMessages(name, messages);
        this.#countQueued(name, messages);
      },
    });
  }

  #takePage(name: PageName, places: Readonly<Places>): void {
    const { prefix, session, page } = name;
    if (prefix === Prefix.queue) this.#countQueued(name, messagesOf(places, this.#messages));
    else if (this.#isLive(session)) {
      places.forEach((held, place) => {
        if (held) this.#received.push({ session, packetId: page * placesPerPage + place });
      });
    }
  }

  /** References of sessions that ended count too: the sweep gives them back. */
  #countQueued({ session, page }: PageName, messages: PageMessages): void {
    let end = 0;
    let queued = 0;
    for (let place = 0; place < placesPerPage; place++) {
      const message = messages[place] as number;
      if (message === noMessage) continue;
      end = page * placesPerPage + place + 1;
      queued++;
      if (message === 0) continue;
      this.#references.add(message);
      if (message > this.#highestMessage) this.#highestMessage = message;
    }
    if (!this.#sessions.count(session, queued, end)) this.#orphans.add(session);
  }

  #findEnded(): Promise<void> {
    return scanEntries(this.#database, rangeOf(Prefix.ended), (key) => {
      this.#ended.add(numberAt(key, 1));
    });
  }

  #nextNumbers(value: Buffer | undefined): NextNumbers {
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

  /** Asked when all sessions are read. */
  #isLive(session: number): boolean {
    if (this.#sessions.has(session)) return true;
    this.#orphans.add(session);
    return false;
  }
}

function nameOf(prefix: PagePrefix, reader: ByteReader): PageName {
  return { prefix, session: reader.keyNumber(1), page: reader.keyNumber(behindNumber) };
}
