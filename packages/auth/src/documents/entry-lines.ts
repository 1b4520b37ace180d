const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|\n|[^\s"{}[\],:]+/g;

/** The line, from 1 on, at which each entry of a list at the top level begins, in a text that is JSON. */
export function linesOfEntries(text: string, key: string): readonly number[] {
  let lines: number[] = [];
  let line = 1;
  let depth = 0;
  /** The last text at the top level, which is a key where a colon follows. */
  let name = '';
  let isInList = false;
  let isBefore = false;
  for (const [token] of text.matchAll(tokens)) {
    if (token === '\n') {
      line += 1;
      continue;
    }
    if (isInList && isBefore && token !== ']') lines.push(line);
    isBefore = false;
    if (token === '[' || token === '{') {
      depth += 1;
      if (depth === 2 && token === '[' && name === key) {
        // A key that stands twice: as for JSON.parse, the last one counts.
        lines = [];
        isInList = true;
        isBefore = true;
      }
    } else if (token === ']' || token === '}') {
      depth -= 1;
      if (depth === 1) isInList = false;
    } else if (token === ',') {
      isBefore = isInList && depth === 2;
    } else if (depth === 1 && token.startsWith('"')) {
      name = JSON.parse(token) as string;
    }
  }
  return lines;
}
