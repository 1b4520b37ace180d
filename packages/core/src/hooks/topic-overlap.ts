/** Whether some topic name matches both of two plain topic filters. */
export function filtersOverlap(one: string, other: string): boolean {
  if (differAtOnce(one, other)) return false;
  if (hidesSystemTopics(one, other) || hidesSystemTopics(other, one)) return false;
  const first = one.split('/');
  const second = other.split('/');
  for (let index = 0; ; index++) {
    const a = first[index];
    const b = second[index];
    // Also when no level is left: "a/#" matches its parent "a".
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined) return a === b;
    if (a !== '+' && b !== '+' && a !== b) return false;
  }
}

/** Most pairs have nothing in common: one look tells where both begin with a character that is no wildcard. */
function differAtOnce(one: string, other: string): boolean {
  const a = one.charCodeAt(0);
  const b = other.charCodeAt(0);
  return a !== b && !isWildcard(a) && !isWildcard(b);
}

function isWildcard(character: number): boolean {
  return character === 0x2b || character === 0x23;
}

/** A wildcard in the first level matches no topic that begins with `$` [MQTT-4.7.2-1]. */
function hidesSystemTopics(filter: string, other: string): boolean {
  return other.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'));
}
