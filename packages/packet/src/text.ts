import { type Buffer, isUtf8 } from 'node:buffer';
import { malformed } from './errors.ts';

const shortBytes = 16;

/**
 * The string in `bytes[start, end)`, checked first: Node decodes ill-formed UTF-8 to U+FFFD in
 * silence. Throws a malformed-packet error on it and on U+0000. A leading U+FEFF is kept.
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  let seen = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) throw malformed('U+0000 in a string'); // [MQTT-1.5.4-2]
    seen |= byte;
  }
  if (seen < 0x80) return bytes.toString('latin1', start, end);
  if (end - start <= shortBytes) return decodeShort(bytes, start, end);
  // Overlong forms, surrogates and truncated sequences: [MQTT-1.5.4-1]
  if (!isUtf8(bytes.subarray(start, end))) throw illFormed();
  return bytes.toString('utf8', start, end);
}

/** The same without a call into Node, which costs more than a few characters do. */
function decodeShort(bytes: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const more = followers(lead);
    let code = lead & (0x3f >> more);
    for (let left = more; left > 0; left--) {
      const byte = ++at < end ? (bytes[at] as number) : 0;
      if (byte >> 6 !== 0b10) throw illFormed();
      code = (code << 6) | (byte & 0x3f);
    }
    if (code < (smallest[more] as number) || code > 0x10ffff || code >> 11 === 0x1b)
      throw illFormed();
    text += String.fromCodePoint(code);
  }
  return text;
}

/** How many bytes follow the first one of a character that is not ASCII. */
function followers(lead: number): number {
  if (lead >> 5 === 0b110) return 1;
  if (lead >> 4 === 0b1110) return 2;
  if (lead >> 3 === 0b11110) return 3;
  throw illFormed();
}

// By how many bytes follow: what fits into fewer must be in fewer.
const smallest = [0, 0x80, 0x800, 0x10000];

function illFormed(): Error {
  return malformed('ill-formed UTF-8 in a string');
}

/**
 * Whether a well-formed string holds a control character (U+0001..U+001F, U+007F..U+009F) or a
 * non-character (U+FDD0..U+FDEF, and the last two code points of each plane), which a receiver
 * may refuse (section 1.5.4).
 */
export function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true;
    if (unit >= 0xfdd0 && (unit <= 0xfdef || unit >= 0xfffe)) return true;
    // Beyond the first plane: U+nFFFE and U+nFFFF end in these bits of both surrogates.
    if ((unit & 0xfc3f) === 0xd83f && (text.charCodeAt(at + 1) & 0x3fe) === 0x3fe) return true;
  }
  return false;
}

/** Whether a string of the application holds half of a surrogate pair, which UTF-8 cannot express. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
