/** A topic filter as its levels: texts, `+`, and `#` as the last one only. */
export type Pattern = readonly string[];

const dollar = 0x24;

/** Whether a topic name matches. Allocates nothing: peers choose the topic and its length. */
export function matchesTopic(pattern: Pattern, topic: string): boolean {
  if (topic.charCodeAt(0) === dollar && isWildcard(pattern[0])) return false; // [MQTT-4.7.2-1]
  let start = 0; // of the next level of the topic; beyond its length when there is none
  for (let index = 0; index < pattern.length; index++) {
    const level = pattern[index] as string;
    if (level === '#') return true; // also when no level is left: "a/#" matches "a"
    if (start > topic.length) return false;
    const slash = topic.indexOf('/', start);
    const end = slash < 0 ? topic.length : slash;
    if (level !== '+' && !(end - start === level.length && topic.startsWith(level, start))) {
      return false;
    }
    start = end + 1;
  }
  return start > topic.length;
}

/** Whether every topic that matches the filter matches the pattern too. */
export function coversFilter(pattern: Pattern, filter: Pattern): boolean {
  if (filter[0]?.charCodeAt(0) === dollar && isWildcard(pattern[0])) return false; // [MQTT-4.7.2-1]
  for (let index = 0; index < pattern.length; index++) {
    const level = pattern[index];
    const asked = filter[index];
    if (level === '#') return true;
    // A topic has at least one level: "+/#" is all that "#" is. But "a/#" has "a" and "a/+/#" has not.
    if (asked === '#') return index === 0 && level === '+' && pattern[1] === '#';
    if (asked === undefined || (level !== '+' && level !== asked)) return false;
  }
  return filter.length === pattern.length;
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#';
}
