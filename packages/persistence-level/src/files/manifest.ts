import { scanLog } from './log-file.ts';

/** The files that a MANIFEST, LevelDB's table of contents, wants to be there. */
export interface Manifest {
  /** The oldest log that still counts; 0 in a database that was never open. */
  readonly logNumber: number;
  /** The tables by number. */
  readonly tables: ReadonlyMap<number, ListedTable>;
  /** No entry of a table has a higher sequence number. */
  readonly lastSequence: number;
  /** Offset of a record that is damaged although good ones follow. */
  readonly damagedAt: number | undefined;
}

/** What a MANIFEST says of a table. Keys are LevelDB's own, which end with sequence number and type. */
export interface ListedTable {
  readonly bytes: number;
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

const Tag = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

/** Reads a MANIFEST as far as it is whole. Undefined when it says something that is not understood. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  const tables = new Map<number, ListedTable>();
  let logNumber = 0;
  let lastSequence = 0;
  try {
    const { damagedAt } = await scanLog(path, (record) => {
      const edit = new Edit(record);
      while (!edit.atEnd) {
        const tag = edit.integer();
        if (tag === Tag.comparator) edit.text();
        else if (tag === Tag.logNumber) logNumber = edit.integer();
        else if (tag === Tag.compactPointer) {
          edit.integer();
          edit.text();
        } else if (tag === Tag.deletedFile) {
          edit.integer();
          tables.delete(edit.integer());
        } else if (tag === Tag.newFile) {
          edit.integer();
          const number = edit.integer();
          const bytes = edit.integer();
          tables.set(number, { bytes, smallest: edit.text(), largest: edit.text() });
        } else if (tag === Tag.lastSequence) {
          lastSequence = edit.integer();
        } else if (tag === Tag.nextFileNumber || tag === Tag.previousLogNumber) {
          edit.integer();
        } else {
          throw new UnknownEdit();
        }
      }
    });
    return { logNumber, tables, lastSequence, damagedAt };
  } catch (error) {
    if (error instanceof UnknownEdit) return undefined;
    throw error;
  }
}

class UnknownEdit extends Error {}

class Edit {
  readonly #record: Buffer;
  #position = 0;

  constructor(record: Buffer) {
    this.#record = record;
  }

  get atEnd(): boolean {
    return this.#position >= this.#record.length;
  }

  integer(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#record[this.#position++];
      if (byte === undefined) throw new UnknownEdit();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  text(): Buffer {
    const bytes = this.integer();
    const start = this.#position;
    this.#position += bytes;
    if (this.#position > this.#record.length) throw new UnknownEdit();
    return this.#record.subarray(start, this.#position);
  }
}
