import { ByteReader, DamagedRecord } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

// A record of its own, and not a field of the next numbers: a commit of acknowledgements does not write those, and
// one small put more costs a hundredth of the smallest commit.

/** How many writes the store has taken: the number of the last one. */
export const commitKey: Buffer = Buffer.from('\0commit', 'latin1');

/** The value for `commitKey`. */
export function sealCommitNumber(writer: ByteWriter, number: number): Buffer {
  return writer.start().integer(number).seal(commitKey);
}

/** The number of the last write; 0 before the first one, undefined when it is damaged. */
export function openCommitNumber(value: Buffer | undefined): number | undefined {
  if (value === undefined) return 0;
  try {
    return new ByteReader().open(commitKey, value).integer();
  } catch (error) {
    if (error instanceof DamagedRecord) return undefined;
    throw error;
  }
}
