// A program: flips bytes of the files of a small store, opens it, reads all of it, writes to it and compacts it, many times
// over, and prints how each ended, one line each. If LevelDB ends the process, the lines end as well.
//
//   flip-bits.ts DIRECTORY KIND FIRST COUNT EVERY     KIND: which files, and whether their blocks are compressed;
//                                                     EVERY: how many of the refused stores are repaired

import { cp, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LevelPersistence, repairStore } from '@sluice/persistence-level';
import { BrokerError, type Operation } from '@sluice/plugin';
import { Random } from '../../plugin/src/testing/persistence-history.ts';
import { dequeue, enqueue, message, saveSession, subscribe } from './operations.ts';
import { databasePath, withDatabase } from './raw-database.ts';

const [directory = '', kind = 'packed', first = '0', count = '0', every = '1'] =
  process.argv.slice(2);
const sessions = 4;
const perSession = 60;
const writeBufferBytes = 64 * 1024;

function payloadOf(number: number): Uint8Array {
  const random = new Random(number);
  if (kind === 'packed') return Buffer.from(`message ${number} `.repeat(100));
  return Uint8Array.from({ length: 1000 }, () => random.below(256));
}

/** Whether bodies are what was stored under their number. */
function isRight(number: number, payload: Uint8Array): boolean {
  return Buffer.from(payloadOf(number)).equals(payload);
}

/** A closed store with several tables, in which there are deletions as well. */
async function build(path: string): Promise<void> {
  const store = new LevelPersistence({ path, durability: 'write', writeBufferBytes });
  await store.open();
  for (let session = 1; session <= sessions; session++) {
    await store.commit([saveSession(session), subscribe(session, 'a/#')]);
    for (let i = 0; i < perSession; i++) {
      const number = session * 1000 + i;
      const body = message(number, { payload: payloadOf(number) });
      const kept = message(number + 500, {
        topic: `kept/${number}`,
        payload: payloadOf(number + 500),
      });
      const operations: Operation[] = [
        { type: 'store', message: body },
        enqueue(session, i, number),
      ];
      if (i % 4 === 0) operations.push({ type: 'retain', message: kept });
      if (i % 3 === 2) operations.push(dequeue(session, i - 1, number - 1));
      await store.commit(operations);
    }
  }
  await store.idle();
  await store.close();
}

interface Contents {
  readonly found: number;
  readonly reports: number;
}

/** Everything in a store, each message compared, and something written to it. */
async function use(path: string): Promise<Contents> {
  let reports = 0;
  let found = 0;
  const compare = (number: number, payload: Uint8Array): void => {
    if (!isRight(number, payload)) throw new Error(`message ${number} is WRONG`);
    found++;
  };
  const store = new LevelPersistence({
    path,
    durability: 'write',
    writeBufferBytes,
    verifyBytes: Number.POSITIVE_INFINITY,
    onCorrupt: () => reports++,
  });
  try {
    const snapshot = await store.open();
    found += [...snapshot.sessions].length + [...snapshot.subscriptions].length;
    for (const { number, payload } of snapshot.retained) compare(number, payload);
    for (let session = 1; session <= sessions; session++) {
      for (const { message: body } of await store.readQueue(session, -1, 1000)) {
        if (body !== undefined) compare(body.number, body.payload);
      }
    }
    await store.idle();
    await store.commit([{ type: 'retain', message: message(9999, { topic: 'new' }) }]);
  } finally {
    await store.close();
  }
  return { found, reports };
}

async function compact(path: string): Promise<void> {
  await withDatabase(path, async (database) => {
    const { compactRange } = database as unknown as {
      compactRange(start: string, end: string, options: object): Promise<void>;
    };
    await compactRange.call(database, '', '\x7f', { keyEncoding: 'utf8' });
    await database.put(Buffer.from('\0x'), Buffer.from('x'));
  });
}

async function flip(path: string, random: Random): Promise<string> {
  const names = await readdir(databasePath(path));
  const ending = { log: /\.log$/, manifest: /^MANIFEST/, current: /^CURRENT$/ }[kind] ?? /\.ldb$/;
  const files = names.filter((name) => ending.test(name)).sort();
  const name = files[random.below(files.length)] as string;
  const file = join(databasePath(path), name);
  const { size } = await stat(file);
  const bytes = random.below(2) === 0 ? 1 : 1 + random.below(16);
  // A third of them near the end, where index and filter are.
  const range = random.below(3) === 0 ? Math.min(size, 1500) : size;
  const at = Math.max(0, size - range + random.below(range) - bytes + 1);
  const handle = await open(file, 'r+');
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, at);
  for (let i = 0; i < bytesRead; i++) {
    buffer[i] = bytes === 1 ? (buffer[0] as number) ^ (1 << random.below(8)) : random.below(256);
  }
  await handle.write(buffer, 0, bytesRead, at);
  await handle.close();
  return `${name} byte ${at} of ${size}, ${bytes}`;
}

/** How using a store ended: what is not an error with a code is the end of the program. */
async function outcomeOf(path: string, all: number): Promise<string> {
  try {
    const { found, reports } = await use(path);
    if (found !== all && reports === 0) return `LOST ${all - found}`;
    await compact(path);
    return reports === 0 ? 'all' : 'reported';
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (error instanceof BrokerError || code?.startsWith('LEVEL_') === true) return String(code);
    throw error;
  }
}

const base = join(directory, 'base');
const copy = join(directory, 'copy');
await mkdir(directory, { recursive: true });
await build(base);
await cp(base, copy, { recursive: true });
const { found: all } = await use(copy);
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  await rm(copy, { recursive: true, force: true });
  await cp(base, copy, { recursive: true });
  const random = new Random(seed + 1);
  const where = await flip(copy, random);
  console.log(`${seed} begins: ${where}`);
  const outcome = await outcomeOf(copy, all);
  console.log(`${seed} ${outcome}`);
  if (!/^SLUICE_LEVEL_(CORRUPT|ROLLED_BACK)$/.test(outcome) || seed % Number(every) > 0) continue;
  const { after } = await repairStore({ path: copy });
  const { found } = await use(copy);
  console.log(`${seed} repaired ${after.healthy ? 'healthy' : 'UNHEALTHY'} lost ${all - found}`);
}
console.log('end');
