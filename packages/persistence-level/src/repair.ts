import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { BrokerError } from '@sluice/plugin';
import { Level } from 'level';
import type { Database } from './database.ts';
import { writeEpoch } from './epoch.ts';
import { corruptError, reasonOf, unwritableError } from './errors.ts';
import { replaceDamagedTables } from './files/table-salvage.ts';
import { type Finding, StoreProblem } from './finding.ts';
import { foldAll } from './fold-all.ts';
import { Inspection } from './inspect.ts';
import {
  type OfflineStore,
  openOffline,
  type StoreToolOptions,
  unreadableError,
} from './offline-store.ts';
import { claimStore } from './open-stores.ts';
import { ByteReader } from './records/byte-reader.ts';
import { ByteWriter } from './records/byte-writer.ts';
import { commitKey, openCommitNumber } from './records/commit-number.ts';
import { identityKey, numbersKey, type PagePrefix, quarantineKey } from './records/keys.ts';
import { readPage, writePage } from './records/page.ts';
import { writeIdentity, writeNumbers } from './records/records.ts';
import { databasePath, refuseInUse } from './store.ts';
import { type CheckReport, checkStore, inspectStore } from './store-check.ts';
import { storeFormat } from './store-identity.ts';
import { inUseError } from './tool-errors.ts';

export interface RepairReport {
  readonly path: string;
  /** false: the store was healthy, and was left alone. */
  readonly wasNeeded: boolean;
  /** Files of LevelDB were damaged, and were salvaged first. What that lost cannot be counted. */
  readonly salvaged: boolean;
  /** Damaged tables that were replaced by what could be read of them. As they were, they are in the directory `lost`. */
  readonly tablesReplaced: readonly string[];
  /** Damaged records that were put aside, below the prefix `z`. */
  readonly putAside: number;
  /** Entries of queues whose message is lost. */
  readonly referencesDropped: number;
  /** Records of sessions that do not exist. */
  readonly orphansRemoved: number;
  /** Messages that were in no queue. */
  readonly messagesRemoved: number;
  readonly before: CheckReport;
  /** After the repair. */
  readonly after: CheckReport;
}

type Counts = Pick<
  RepairReport,
  'putAside' | 'referencesDropped' | 'orphansRemoved' | 'messagesRemoved'
>;

/** Far above anything that a lost record of the next numbers can have given out. */
const numbersSkipped = 2 ** 40;
const findingsPerBatch = 1000;
const bytesPerBatch = 1024 * 1024;
const noCounts: Counts = Object.freeze({
  putAside: 0,
  referencesDropped: 0,
  orphansRemoved: 0,
  messagesRemoved: 0,
});

/**
 * Makes a store that no broker has open usable again, at the price of what is damaged; leaves a healthy one alone. Copy
 * the directory first. Rejects as `checkStore` does.
 */
export async function repairStore(options: StoreToolOptions): Promise<RepairReport> {
  const { store, database, before, salvaged, tablesReplaced } = await openReadable(options);
  const { path } = store;
  let counts: Counts = noCounts;
  try {
    if (before.healthy) {
      return { path, wasNeeded: false, salvaged, tablesReplaced, ...counts, before, after: before };
    }
    counts = await mend(database, options.onProgress);
    await acceptEpoch(store, database);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw code === 'LEVEL_CORRUPTION' ? unreadableError(path, error) : unwritableError(path, error);
  } finally {
    await database.close();
  }
  const after = await checkStore(options);
  return { path, wasNeeded: true, salvaged, tablesReplaced, ...counts, before, after };
}

interface ReadableStore extends Pick<RepairReport, 'before' | 'salvaged' | 'tablesReplaced'> {
  readonly store: OfflineStore;
  readonly database: Database;
}

/** Opens a store that LevelDB can read to the end. If need be it is salvaged, which may bring removed records back. */
async function openReadable(options: StoreToolOptions): Promise<ReadableStore> {
  const store = await openOffline(options);
  const { database, path } = store;
  const before = await inspectStore(store, options.onProgress).catch(async (error: unknown) => {
    await database?.close();
    throw error;
  });
  if (database !== undefined && before.complete && before.damagedBlocks.length === 0) {
    return { store, database, before, salvaged: false, tablesReplaced: [] };
  }
  await database?.close();
  const tablesReplaced = await salvage(path);
  const reopened = await openOffline(options);
  if (reopened.database === undefined) throw reopened.refusal;
  return { store: reopened, database: reopened.database, before, salvaged: true, tablesReplaced };
}

async function salvage(path: string): Promise<string[]> {
  const inUse = (error: unknown) => {
    throw inUseError(path, error);
  };
  const release = await claimStore(path).catch(inUse);
  // The types of `level` cover what browsers have too, and so leave out this static method of Node's.
  const { repair } = Level as unknown as { repair(location: string): Promise<void> };
  try {
    await mkdir(databasePath(path), { recursive: true });
    await refuseInUse(path).catch(inUse);
    const replaced = await replaceDamagedTables(path);
    await repair(databasePath(path));
    return replaced;
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw corruptError(path, `LevelDB cannot repair it (${reasonOf(error)})`, error);
  } finally {
    release();
  }
}

/** Takes out every record that something is wrong with. */
async function mend(
  database: Database,
  onProgress: StoreToolOptions['onProgress'],
): Promise<Counts> {
  const counts: { -readonly [Name in keyof Counts]: number } = { ...noCounts };
  const inspection = new Inspection(database, onProgress);
  let numbersAreLost = false;
  // What is wrong with single places is taken out of pages, so all of them have to be there.
  counts.putAside += await foldAll(database);
  let batch = database.batch();
  let bytes = 0;
  const places = new PlaceRemoval(database);
  for await (const finding of inspection.findings()) {
    if (finding.problem === StoreProblem.numbersBehind) {
      numbersAreLost = true;
      continue;
    }
    if (finding.place === undefined) takeOut(batch, finding);
    else places.add(batch, finding, finding.place);
    counts[counterOf[finding.problem]]++;
    bytes += finding.value.length;
    if (batch.length < findingsPerBatch && bytes < bytesPerBatch) continue;
    places.finish(batch);
    await batch.write({ sync: false });
    batch = database.batch();
    bytes = 0;
  }
  places.finish(batch);
  if (numbersAreLost) {
    const writer = new ByteWriter().start();
    writeNumbers(writer, {
      message: inspection.highestMessage + numbersSkipped,
      session: inspection.highestSession + numbersSkipped,
    });
    batch.put(numbersKey, writer.seal(numbersKey));
  }
  await batch.write({ sync: true });
  return counts;
}

const counterOf = {
  [StoreProblem.damaged]: 'putAside',
  [StoreProblem.sharedNumber]: 'putAside',
  [StoreProblem.missingMessage]: 'referencesDropped',
  [StoreProblem.orphaned]: 'orphansRemoved',
  [StoreProblem.unreferenced]: 'messagesRemoved',
} as const;

/** What is damaged is kept to be looked at; what is sound, but of no use to anybody, is not. */
function takeOut(batch: ReturnType<Database['batch']>, { problem, key, value }: Finding): void {
  if (counterOf[problem as keyof typeof counterOf] === 'putAside') {
    batch.put(quarantineKey(key), value);
  }
  batch.del(key);
}

/** Takes single places out of pages. Those of one page come one after the other. */
class PlaceRemoval {
  readonly #database: Database;
  readonly #reader = new ByteReader();
  readonly #writer = new ByteWriter();
  #key: Buffer | undefined;
  readonly #places = new Set<number>();

  constructor(database: Database) {
    this.#database = database;
  }

  add(batch: ReturnType<Database['batch']>, { key }: Finding, place: number): void {
    if (this.#key !== undefined && !this.#key.equals(key)) this.finish(batch);
    this.#key = key;
    this.#places.add(place);
  }

  /** Adds to the batch what is left of the last page. */
  finish(batch: ReturnType<Database['batch']>): void {
    const key = this.#key;
    const value = key && this.#database.getSync(key);
    if (key === undefined || value === undefined) return;
    const prefix = key[0] as PagePrefix;
    const places = readPage(this.#reader.open(key, value), prefix);
    for (const place of this.#places) places[place] = null;
    if (writePage(this.#writer.start(), prefix, places)) batch.put(key, this.#writer.seal(key));
    else batch.del(key);
    this.#key = undefined;
    this.#places.clear();
  }
}

/** Database and epoch file agree from here on. The next start counts on from there. */
async function acceptEpoch(
  { path, identity, side }: OfflineStore,
  database: Database,
): Promise<void> {
  const accepted = {
    format: identity?.format ?? storeFormat,
    storeId: identity?.storeId ?? side?.storeId ?? randomUUID(),
    epoch: Math.max(identity?.epoch ?? 0, side?.epoch ?? 0),
  };
  const writer = new ByteWriter().start();
  writeIdentity(writer, accepted);
  await database.put(identityKey, writer.seal(identityKey), { sync: true });
  const writes = openCommitNumber(await database.get(commitKey));
  await writeEpoch(path, { ...accepted, writes: writes ?? 0 });
}
