import { Buffer } from 'node:buffer';

/** The bytes of a text; undefined for what is not the one way to write them. */
export function decodeCanonical(
  text: string,
  encoding: 'base64' | 'base64url',
): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}
