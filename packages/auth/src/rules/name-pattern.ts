/** A name in which each `*` stands for any characters, or none. */
export interface NamePattern {
  readonly text: string;
  /** What stands between the stars. */
  readonly parts: readonly string[];
}

export function parseNamePattern(text: string): NamePattern {
  return { text, parts: text.split('*') };
}

/** Goes over the name once: no pattern makes a long name expensive, as a regular expression could. */
export function matchesName({ parts }: NamePattern, name: string): boolean {
  const first = parts[0] as string;
  if (parts.length === 1) return name === first;
  const last = parts.at(-1) as string;
  if (name.length < first.length + last.length) return false;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
