import { expect, test } from 'vitest';
import type { Database } from '../src/database.ts';
import { Prefix, rangeOf } from '../src/records/keys.ts';
import { scanTexts } from '../src/scan.ts';

type Batch = [string, string][];

/** A database that has batches for the reads, or a failure, and what it was asked. */
function databaseOf(batches: readonly (Batch | Error)[]) {
  const asked: string[] = [];
  let next = 0;
  const iterator = {
    nextv: async (): Promise<Batch> => {
      const batch = batches[next++] ?? [];
      asked.push('read');
      await Promise.resolve();
      asked.push('done');
      if (batch instanceof Error) throw batch;
      return batch;
    },
    close: () => {
      asked.push('close');
      return Promise.resolve();
    },
  };
  return { database: { iterator: () => iterator } as unknown as Database, asked };
}

const range = rangeOf(Prefix.session);

test('the next batch is read while one is looked at', async () => {
  const { database, asked } = databaseOf([[['a', '1']], [['b', '2']]]);
  await scanTexts(database, range, (key) => asked.push(key));
  expect(asked).toEqual(['read', 'done', 'read', 'a', 'done', 'read', 'b', 'done', 'close']);
});

test('a read that fails ends it', async () => {
  const { database, asked } = databaseOf([[['a', '1']], new Error('bad sector')]);
  await expect(scanTexts(database, range, () => {})).rejects.toThrow('bad sector');
  expect(asked.at(-1)).toBe('close');
});

test('whoever looks and throws ends it, once the read that is under way is done', async () => {
  const { database, asked } = databaseOf([[['a', '1']], new Error('bad sector')]);
  const visit = (): void => {
    throw new Error('seen enough');
  };
  await expect(scanTexts(database, range, visit)).rejects.toThrow('seen enough');
  expect(asked).toEqual(['read', 'done', 'read', 'done', 'close']);
});
