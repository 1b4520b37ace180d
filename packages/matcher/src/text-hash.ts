import { randomInt } from 'node:crypto';

// Who picks filters must not be able to pick collisions. These numbers decide where something lies, never what is
// found, and so a simulation replays whatever they are.
const seed = randomInt(2 ** 32);
const factor = randomInt(2 ** 31) * 2 + 1;

/** An integer of 32 bits for `text.slice(start, end)`, different in each process. */
export function hashText(text: string, start: number, end: number): number {
  let hash = seed ^ (end - start);
  let i = start;
  for (; i < end - 1; i += 2) {
    hash = Math.imul(hash ^ text.charCodeAt(i) ^ (text.charCodeAt(i + 1) << 16), factor);
    hash ^= hash >>> 15;
  }
  if (i < end) hash = Math.imul(hash ^ text.charCodeAt(i), factor);
  return mixed(hash);
}

/** The same for a pair of integers. */
export function hashPair(first: number, second: number): number {
  return mixed(Math.imul(seed ^ first, factor) + second);
}

/** Lets every bit have a say in the low ones. */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), factor);
  return once ^ (once >>> 15);
}
