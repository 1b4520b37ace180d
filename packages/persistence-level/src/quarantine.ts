import type { DamageReport, RecordKind } from './damage-report.ts';
import type { Database } from './database.ts';
import {
  behindNumber,
  numberAt,
  Prefix,
  packetIdFrom,
  quarantineKey,
  queueKeyBytes,
  receivedKeyBytes,
  textFrom,
} from './records/keys.ts';

const kinds: ReadonlyMap<number, RecordKind> = new Map<number, RecordKind>([
  [Prefix.session, 'session'],
  [Prefix.subscription, 'subscription'],
  [Prefix.queue, 'queue'],
  [Prefix.message, 'message'],
  [Prefix.received, 'received'],
  [Prefix.retained, 'retained'],
  [Prefix.will, 'will'],
]);

const minKeyBytes: ReadonlyMap<number, number> = new Map([
  [Prefix.subscription, behindNumber],
  [Prefix.queue, queueKeyBytes],
  [Prefix.message, behindNumber],
  [Prefix.received, receivedKeyBytes],
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
      return `session ${numberAt(key, 1)}, sequence ${numberAt(key, behindNumber)}`;
    case Prefix.received:
      return `session ${numberAt(key, 1)}, packet id ${packetIdFrom(key)}`;
    default:
      return String(numberAt(key, 1));
  }
}

interface Suspect {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Reports damaged records and moves them out of the way, below a prefix that nothing else reads. */
export class Quarantine {
  readonly #onCorrupt: (report: DamageReport) => void;
  readonly #suspects = new Map<string, Suspect>();

  constructor(onCorrupt: (report: DamageReport) => void) {
    this.#onCorrupt = onCorrupt;
  }

  /** Reports a damaged record once and notes it for `move`. */
  add(key: Buffer, value: Buffer, reason: string): void {
    const name = key.toString('latin1');
    if (this.#suspects.has(name)) return;
    this.#suspects.set(name, { key, value });
    this.#onCorrupt({ kind: kinds.get(key[0] ?? 0) ?? 'message', key: describeKey(key), reason });
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
