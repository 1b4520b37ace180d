// Controls, which terminals obey (JSON escapes the first 32 of them only), line separators, and the marks
// that turn the direction of text.
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text of a peer as it may be shown to a person: what would move a cursor or reorder a line is escaped. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
