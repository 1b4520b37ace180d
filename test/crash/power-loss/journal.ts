import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What changed a directory, in the words of record.c. */
export type Operation =
  | { readonly type: 'create'; readonly path: string }
  | { readonly type: 'mkdir'; readonly path: string }
  | {
      readonly type: 'rename';
      readonly inode: string;
      readonly from: string;
      readonly to: string;
      /** Name under which what `to` was before is kept. */
      readonly kept: string;
    }
  | { readonly type: 'unlink'; readonly path: string; readonly kept: string };

/** What a server did below its data directory since all of it was known to be on the disk. */
export interface Journal {
  readonly operations: readonly Operation[];
  /** So many of the operations are certain to survive a power cut. */
  readonly durable: number;
  /** Bytes of each file, by its inode, that are certain to survive. */
  readonly synced: ReadonlyMap<string, number>;
}

/** Reads what record.c wrote. Throws when the server did something that the model of a power cut does not know. */
export function readJournal(directory: string): Journal {
  const operations: Operation[] = [];
  const synced = new Map<string, number>();
  /** Where each inode got its name, as a number of operations. */
  const named = new Map<string, number>();
  let durable = 0;
  for (const line of linesOf(join(directory, 'journal'))) {
    const [letter, one = '', two = '', three = '', four = ''] = line.split('\t');
    switch (letter) {
      case 'C':
        operations.push({ type: 'create', path: one });
        break;
      case 'M':
        operations.push({ type: 'mkdir', path: one });
        break;
      case 'R':
        operations.push({ type: 'rename', inode: one, from: two, to: three, kept: four });
        named.set(one, operations.length);
        break;
      case 'U':
        operations.push({ type: 'unlink', path: one, kept: two });
        break;
      case 'I':
        named.set(one, operations.length);
        break;
      case 'S':
        synced.set(one, Math.max(synced.get(one) ?? 0, Number(two)));
        durable = Math.max(durable, Math.min(named.get(one) ?? 0, Number(three)));
        break;
      case 'Y':
        durable = Math.max(durable, Number(one));
        break;
      case 'T':
        synced.set(one, Math.min(synced.get(one) ?? 0, Number(two)));
        break;
      default:
        throw new Error(`no model of a power cut knows: ${line}`);
    }
  }
  return { operations, durable, synced };
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
