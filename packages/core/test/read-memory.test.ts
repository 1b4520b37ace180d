import { describe, expect, test } from 'vitest';
import { ReadMemory } from '../src/base/read-memory.ts';

const slabBytes = 64 * 1024;

const chunkOf = (value: number, length: number): Buffer => Buffer.alloc(length, value);

function take(memory: ReadMemory, value: number, length = 100): Buffer {
  return memory.take(chunkOf(value, length), length);
}

test('chunks of one turn lie one behind the other, and those of the next one take their place', () => {
  const memory = new ReadMemory();
  const [one, two] = [take(memory, 1), take(memory, 2)];
  expect([one.buffer === two.buffer, two.byteOffset - one.byteOffset]).toEqual([true, 100]);
  expect([one[99], two[0]]).toEqual([1, 2]);
  memory.written();
  const next = take(memory, 3);
  expect([next.buffer === one.buffer, next.byteOffset]).toEqual([true, one.byteOffset]);
});

test('memory that is full is used again as well', () => {
  const memory = new ReadMemory();
  const first = [1, 2, 3].map((value) => take(memory, value, slabBytes));
  expect(new Set(first.map(({ buffer }) => buffer)).size).toBe(3);
  memory.written();
  const second = [4, 5, 6].map((value) => take(memory, value, slabBytes));
  const isKnown = second.map(({ buffer }) => first.some((chunk) => chunk.buffer === buffer));
  expect(isKnown).toEqual([true, true, true]);
});

test('only the first bytes of a buffer are taken, and a chunk above all bounds has memory of its own', () => {
  const memory = new ReadMemory();
  expect(memory.take(Buffer.from('abcdef'), 3).toString()).toBe('abc');
  const large = take(memory, 7, slabBytes + 1);
  expect([large.length, large.buffer.byteLength, large[slabBytes]]).toEqual([
    slabBytes + 1,
    slabBytes + 1,
    7,
  ]);
});

/** Fills memory until a chunk is where the one that is given was, or would have been. */
function isUsedAgain(memory: ReadMemory, chunk: Buffer): boolean {
  memory.written();
  for (let count = 0; count < 4; count++) {
    const next = take(memory, 9, slabBytes);
    if (next.buffer === chunk.buffer) return true;
  }
  return false;
}

describe.each([100, slabBytes])('a chunk of %i bytes', (length) => {
  test('is there as long as it is held, and free when all that hold it are done', () => {
    const memory = new ReadMemory();
    const chunk = take(memory, 1, length);
    const [one, two] = [memory.hold(chunk), memory.hold(chunk)];
    if (one === undefined || two === undefined) expect.unreachable('it is in memory of this');
    expect([isUsedAgain(memory, chunk), chunk[0]]).toEqual([false, 1]);
    memory.release(one);
    expect([isUsedAgain(memory, chunk), chunk[0]]).toEqual([false, 1]);
    memory.release(two);
    // What was made of it now leaves at the end of the turn.
    take(memory, 2, slabBytes);
    expect(chunk[0]).toBe(1);
    expect(isUsedAgain(memory, chunk)).toBe(true);
  });

  test('that is needed for longer stays for good, also when it was held', () => {
    const memory = new ReadMemory();
    const chunk = take(memory, 1, length);
    const slab = memory.hold(chunk);
    memory.written();
    memory.keep(chunk.subarray(10, 20));
    if (slab !== undefined) memory.release(slab);
    expect([isUsedAgain(memory, chunk), isUsedAgain(memory, chunk)]).toEqual([false, false]);
    expect(chunk.equals(chunkOf(1, length))).toBe(true);
  });

  test('stays for good where hooks see messages, from the turn on in which there is one', () => {
    const memory = new ReadMemory();
    const chunk = take(memory, 1, length);
    memory.mayBeKept();
    expect([isUsedAgain(memory, chunk), isUsedAgain(memory, chunk)]).toEqual([false, false]);
    expect(chunk.equals(chunkOf(1, length))).toBe(true);
  });
});

test('what is handled right now stays, also where another chunk is handled within a write', () => {
  const memory = new ReadMemory(true);
  memory.enter();
  const outer = take(memory, 1);
  memory.enter();
  const inner = take(memory, 2);
  memory.leave();
  memory.written();
  expect([outer[0], inner[0]]).toEqual([1, 2]);
  memory.leave();
  memory.written();
  expect([outer[0], inner[0]]).toEqual([0xee, 0xee]);
});

test('bytes that lie elsewhere are neither held nor kept', () => {
  const memory = new ReadMemory();
  const chunk = chunkOf(1, 10);
  expect(memory.hold(chunk)).toBeUndefined();
  memory.keep(chunk);
  expect(memory.lent(chunk)).toBe(chunk);
});

test('what is free is overwritten where a test asks for that, of every stream', () => {
  const memory = new ReadMemory(true);
  const [read, lent, held] = [take(memory, 1), memory.lent(chunkOf(2, 10)), take(memory, 3)];
  expect(lent.buffer).not.toBe(read.buffer);
  memory.hold(held);
  memory.written();
  expect([read[0], lent[0], held[0]]).toEqual([0xee, 0xee, 3]);
});

test('outputs that are never all written do not gather memory for ever', () => {
  const memory = new ReadMemory();
  const chunks = Array.from({ length: 600 }, () => take(memory, 1, slabBytes));
  memory.written();
  const known = new Set(chunks.map(({ buffer }) => buffer));
  let again = 0;
  for (let count = 0; count < 600; count++) {
    if (known.has(take(memory, 2, slabBytes).buffer)) again++;
  }
  expect(again).toBeLessThanOrEqual(65);
});
