import { scanLog } from './log-file.ts';

/** The files that a MANIFEST, LevelDB's table of contents, wants to be there. */
export interface Manifest {
  /** The oldest log that still counts; 0 in a database that was never open. */
  readonly logNumber: number;
  /** Sizes of the tables in bytes, by number. */
  readonly tables: ReadonlyMap<number, number>;
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
  const tables = new Map<number, number>();
  let logNumber = 0;
  try {
    await scanLog(path, (record) => {
      const edit = new Edit(record);
      while (!edit.atEnd) {
        const tag = edit.integer();
        if (tag === Tag.comparator) edit.skipText();
        else if (tag === Tag.logNumber) logNumber = edit.integer();
        else if (tag === Tag.compactPointer) {
          edit.integer();
          edit.skipText();
        } else if (tag === Tag.deletedFile) {
          edit.integer();
          tables.delete(edit.integer());
        } else if (tag === Tag.newFile) {
          edit.integer();
          tables.set(edit.integer(), edit.integer());
          edit.skipText();
          edit.skipText();
        } else if (
          tag === Tag.nextFileNumber ||
          tag === Tag.lastSequence ||
          tag === Tag.previousLogNumber
        ) {
          edit.integer();
        } else {
          throw new UnknownEdit();
        }
      }
    });
  } catch (error) {
    if (error instanceof UnknownEdit) return undefined;
    throw error;
  }
  return { logNumber, tables };
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

  skipText(): void {
    const bytes = this.integer();
    this.#position += bytes;
  }
}
