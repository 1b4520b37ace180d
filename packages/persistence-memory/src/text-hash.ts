import { randomInt } from 'node:crypto';

// Who picks topics must not be able to pick collisions. These numbers decide where something lies, never what is found.
const seed = randomInt(2 ** 32);
const factor = randomInt(2 ** 31) * 2 + 1;

/** An integer of 32 bits for a text, different in each process. */
export function hashText(text: string): number {
  let hash = seed ^ text.length;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), factor);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash ^ (hash >>> 16), factor) >>> 0;
}
