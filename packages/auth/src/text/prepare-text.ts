const spaces = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g;
const invisible =
  /\u00AD|\u034F|\u1806|[\u180B-\u180D]|[\u200B-\u200D]|\u2060|[\uFE00-\uFE0F]|\uFEFF/g;
/** Controls, formats, surrogates, private use, unassigned, separators, and what only stands for other text. */
const forbidden = /[\p{C}\p{Zl}\p{Zp}\u2FF0-\u2FFB\uFFFC\uFFFD]/u;

/**
 * A user name or password as SASLprep (RFC 4013) makes it, so that client and broker compute with the same
 * bytes: every space a plain one, nothing invisible, the rest normalized (NFKC). Undefined when nothing is left,
 * or something that is forbidden. Characters may be newer than Unicode 3.2, and in any direction.
 */
export function prepareText(text: string): string | undefined {
  const prepared = text.replace(spaces, ' ').replace(invisible, '').normalize('NFKC');
  return prepared === '' || forbidden.test(prepared) ? undefined : prepared;
}

/** The text of UTF-8, byte for byte; undefined for what is not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    // Proofs are computed over all of it, also over what looks like a byte order mark.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
