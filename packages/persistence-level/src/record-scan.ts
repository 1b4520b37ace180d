import type { OpenOptions } from '@sluice/plugin';
import type { RecordKind } from './damage-report.ts';
import type { Database } from './database.ts';
import type { Quarantine } from './quarantine.ts';
import { ByteReader, DamagedRecord } from './records/byte-reader.ts';
import type { KeyRange } from './records/keys.ts';
import { scanEntries, scanTexts } from './scan.ts';

const recordsPerReport = 50_000;

/** One range of a store, and what becomes of its records. */
export interface Part<Value> {
  readonly what: RecordKind;
  readonly range: KeyRange;
  /** At least so many has a key. */
  readonly keyBytes: number;
  /** Throws DamagedRecord, and changes nothing. */
  readonly read: (reader: ByteReader) => Value;
  readonly take: (value: Value, reader: ByteReader) => void;
}

/** Reads ranges of a store record by record. What is damaged goes to the quarantine instead. */
export class RecordScan {
  readonly #database: Database;
  readonly #quarantine: Quarantine;
  readonly #onProgress: OpenOptions['onProgress'];
  readonly #reader = new ByteReader();

  constructor(database: Database, quarantine: Quarantine, onProgress: OpenOptions['onProgress']) {
    this.#database = database;
    this.#quarantine = quarantine;
    this.#onProgress = onProgress;
  }

  /** For records that are valid UTF-8, whose `bytes` and `rest` are not read. Settles with the number of damaged ones. */
  async texts<Value>(part: Part<Value>): Promise<number> {
    const progress = new Progress(part.what, this.#onProgress);
    let isDamaged = false;
    await scanTexts(this.#database, part.range, (key, value) => {
      progress.next();
      try {
        part.take(readPart(this.#reader.openText(key, value), part), this.#reader);
      } catch (error) {
        if (!(error instanceof DamagedRecord)) throw error;
        isDamaged = true;
      }
    });
    progress.end();
    // A text does not say what the bytes of a damaged entry were: they are looked up.
    return isDamaged ? await this.#visit({ ...part, take: () => {} }) : 0;
  }

  /** For records of any bytes. Settles with the number of damaged ones. */
  async bytes<Value>(part: Part<Value>): Promise<number> {
    const progress = new Progress(part.what, this.#onProgress);
    const damaged = await this.#visit(part, progress);
    progress.end();
    return damaged;
  }

  async #visit<Value>(part: Part<Value>, progress?: Progress): Promise<number> {
    let damaged = 0;
    await scanEntries(this.#database, part.range, (key, value) => {
      progress?.next();
      try {
        part.take(readPart(this.#reader.open(key, value), part), this.#reader);
      } catch (error) {
        if (!(error instanceof DamagedRecord)) throw error;
        damaged++;
        this.#quarantine.add(key, value, error.message);
      }
    });
    return damaged;
  }
}

function readPart<Value>(reader: ByteReader, { keyBytes, read }: Part<Value>): Value {
  if (reader.keyBytes < keyBytes) throw new DamagedRecord('its key is too short');
  return read(reader);
}

/** Says now and then how many records were read. */
class Progress {
  readonly #what: RecordKind;
  readonly #report: OpenOptions['onProgress'];
  #records = 0;

  constructor(what: RecordKind, report: OpenOptions['onProgress']) {
    this.#what = what;
    this.#report = report;
  }

  next(): void {
    this.#records++;
    if (this.#records % recordsPerReport === 0) this.#report?.(this.#what, this.#records);
  }

  end(): void {
    if (this.#records % recordsPerReport !== 0) this.#report?.(this.#what, this.#records);
  }
}
