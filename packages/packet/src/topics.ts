import { Buffer } from 'node:buffer';
import { hasLoneSurrogate } from './text.ts';

const maxTextBytes = 0xffff;
/** Of UTF-8, for one unit of a string. */
const maxBytesPerUnit = 3;
const sharedPrefix = '$share/';

/** Whether a string of the application may be the topic name of a PUBLISH: 1 to 65,535 bytes, no wildcard. */
export function isValidTopicName(topic: string): boolean {
  return isTopicName(topic) && isEncodable(topic);
}

/** The part of the rule that a decoded string can still break: not empty, no wildcard. */
export function isTopicName(topic: string): boolean {
  return topic !== '' && !hasWildcard(topic); // [MQTT-4.7.3-1] [MQTT-3.3.2-2]
}

/**
 * Whether a string of the application may be subscribed to: 1 to 65,535 bytes, wildcards alone in
 * their level and `#` in the last one; `$share/<name>/<filter>` with a name and a filter.
 */
export function isValidTopicFilter(filter: string): boolean {
  if (filter === '' || !isEncodable(filter)) return false;
  const shared = parseSharedFilter(filter);
  if (shared === undefined) return hasValidWildcards(filter);
  if (shared.filter === '' || shared.shareName === '') return false; // [MQTT-4.8.2-1]
  return !hasWildcard(shared.shareName) && hasValidWildcards(shared.filter); // [MQTT-4.8.2-2]
}

/** Whether a filter can match more than one topic. */
export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/**
 * The two parts of a shared subscription's filter; undefined where there is none, because the
 * filter does not begin with `$share/`. Parts that are missing come back empty.
 */
export function parseSharedFilter(
  filter: string,
): { shareName: string; filter: string } | undefined {
  if (!filter.startsWith(sharedPrefix)) return undefined;
  const slash = filter.indexOf('/', sharedPrefix.length);
  if (slash < 0) return { shareName: filter.slice(sharedPrefix.length), filter: '' };
  return {
    shareName: filter.slice(sharedPrefix.length, slash),
    filter: filter.slice(slash + 1),
  };
}

/** Whether a topic filter (not a shared one) matches a topic name: the plain rule, one level after the other. */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  // [MQTT-4.7.2-1]
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (const [index, level] of wanted.entries()) {
    // Also when no level is left: "a/#" matches its parent "a".
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

/**
 * Whether every topic name that matches the second topic filter matches the first one too (neither of them a shared one):
 * whoever may read `home/#` may subscribe to `home/+/light`, and not to `#`.
 */
export function filterCovers(outer: string, inner: string): boolean {
  // [MQTT-4.7.2-1]
  if (inner.startsWith('$') && (outer.startsWith('+') || outer.startsWith('#'))) return false;
  const wide = outer.split('/');
  const narrow = inner.split('/');
  for (let index = 0; ; index++) {
    const level = wide[index];
    const asked = narrow[index];
    // Also when no level is left: "a/#" matches its parent "a".
    if (level === '#') return true;
    if (level === undefined || asked === undefined) return level === asked;
    // A topic has at least one level: "+/#" is all that "#" is. But "a/#" has "a" and "a/+/#" has not.
    if (asked === '#') return index === 0 && level === '+' && wide[1] === '#';
    if (level !== '+' && level !== asked) return false;
  }
}

/** How many levels a topic name or filter has. */
export function countLevels(topic: string): number {
  let levels = 1;
  for (let slash = topic.indexOf('/'); slash >= 0; slash = topic.indexOf('/', slash + 1)) levels++;
  return levels;
}

function hasValidWildcards(filter: string): boolean {
  if (!hasWildcard(filter)) return true;
  const levels = filter.split('/');
  return levels.every(
    (level, index) =>
      level === '+' ||
      (level === '#' && index === levels.length - 1) || // [MQTT-4.7.1-1]
      !hasWildcard(level), // [MQTT-4.7.1-2]
  );
}

function isEncodable(text: string): boolean {
  const isShort = text.length * maxBytesPerUnit <= maxTextBytes;
  if (!isShort && Buffer.byteLength(text) > maxTextBytes) return false;
  return !text.includes('\0') && !hasLoneSurrogate(text);
}
