import { Buffer } from 'node:buffer';

/** Whether a CONNECT can carry the name, and it says who somebody is. */
export function isUserName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.includes('\0')) return false;
  const bytes = Buffer.from(name);
  return bytes.length <= 65_535 && bytes.toString() === name; // a lone surrogate would not come back
}
