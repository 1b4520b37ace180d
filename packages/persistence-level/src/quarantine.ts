import type { DamageReport, RecordKind } from './damage-report.ts';
import type { Database } from './database.ts';
import {
  behindNumber,
  numberAt,
  Prefix,
  pageKey,
  pageKeyBytes,
  quarantineKey,
  textFrom,
} from './records/keys.ts';
import { pageOf, placesPerPage } from './records/page.ts';

const kinds: ReadonlyMap<number, RecordKind> = new Map<number, RecordKind>([
  [Prefix.session, 'session'],
  [Prefix.journal, 'journal'],
  [Prefix.subscription, 'subscription'],
  [Prefix.queue, 'queue'],
  [Prefix.message, 'message'],
  [Prefix.received, 'received'],
  [Prefix.retained, 'retained'],
  [Prefix.will, 'will'],
]);

const minKeyBytes: ReadonlyMap<number, number> = new Map([
  [Prefix.subscription, behindNumber],
  [Prefix.journal, behindNumber],
  [Prefix.queue, pageKeyBytes],
  [Prefix.message, behindNumber],
  [Prefix.received, pageKeyBytes],
  [Prefix.will, behindNumber],
]);

/** Says what a key names, for people; in hexadecimal when the key itself is damaged. */
export function describeKey(key: Buffer): string {
  if (key.length < (minKeyBytes.get(key[0] ?? 0) ?? 0)) return key.toString('hex');
  switch (key[0]) {
    case Prefix.session:
    case Prefix.retained:
      return textFrom(key, 1);
    case Prefix.subscription:
      return `session ${numberAt(key, 1)}, filter ${textFrom(key, behindNumber)}`;
    case Prefix.queue:
      return `session ${numberAt(key, 1)}, sequences ${placesOf(key)}`;
    case Prefix.received:
      return `session ${numberAt(key, 1)}, packet ids ${placesOf(key)}`;
    case Prefix.journal:
      return `record ${numberAt(key, 1)}`;
    default:
      return String(numberAt(key, 1));
  }
}

function placesOf(key: Buffer): string {
  const first = numberAt(key, behindNumber) * placesPerPage;
  return `${first} to ${first + placesPerPage - 1}`;
}

/** Says which place of a page it is, for people. */
export function describePlace(key: Buffer, place: number): string {
  const number = numberAt(key, behindNumber) * placesPerPage + place;
  const what = key[0] === Prefix.queue ? 'sequence' : 'packet id';
  return `session ${numberAt(key, 1)}, ${what} ${number}`;
}

interface Suspect {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Reports damaged records and moves them out of the way, below a prefix that nothing else reads. */
export class Quarantine {
  readonly #onCorrupt: (report: DamageReport) => void;
  readonly #suspects = new Map<string, Suspect>();
  readonly #unreadable = new Set<string>();

  constructor(onCorrupt: (report: DamageReport) => void) {
    this.#onCorrupt = onCorrupt;
  }

  /** Reports a damaged record once and notes it for `move`. */
  add(key: Buffer, value: Buffer, reason: string): void {
    const name = key.toString('latin1');
    if (this.#suspects.has(name)) return;
    this.#suspects.set(name, { key, value });
    this.#report(key, describeKey(key), reason);
  }

  /** Reports a damaged record that the batch replaces or removes, and adds to the batch that it is kept. */
  putAside(batch: ReturnType<Database['batch']>, key: Buffer, value: Buffer, reason: string): void {
    batch.put(quarantineKey(key), value);
    // Whoever noted it before has reported it.
    if (!this.#suspects.delete(key.toString('latin1'))) {
      this.#report(key, describeKey(key), reason);
    }
  }

  /** Reports, once, a record that LevelDB does not give out any more. */
  reportUnreadable(key: Buffer, reason: string): void {
    const name = key.toString('latin1');
    if (this.#unreadable.has(name)) return;
    this.#unreadable.add(name);
    this.#report(key, describeKey(key), reason);
  }

  /** Reports an entry of a queue that is sound, but whose message is not. */
  reportEntry(session: number, sequence: number, reason: string): void {
    const key = pageKey(Prefix.queue, session, pageOf(sequence));
    this.#report(key, describePlace(key, sequence % placesPerPage), reason);
  }

  #report(key: Buffer, name: string, reason: string): void {
    this.#onCorrupt({ kind: kinds.get(key[0] ?? 0) ?? 'message', key: name, reason });
  }

  get isEmpty(): boolean {
    return this.#suspects.size === 0;
  }

  /** Moves what was noted. Called while no other write runs; a crash before it only repeats the reports. */
  async move(database: Database): Promise<void> {
    if (this.isEmpty) return;
    const suspects = [...this.#suspects.values()];
    this.#suspects.clear();
    const batch = database.batch();
    for (const { key, value } of suspects) {
      // A commit may have removed or replaced it since it was read.
      if (database.getSync(key)?.equals(value) !== true) continue;
      batch.put(quarantineKey(key), value);
      batch.del(key);
    }
    await batch.write({ sync: false });
  }
}
