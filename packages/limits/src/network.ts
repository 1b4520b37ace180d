import { isIP, isIPv6 } from 'node:net';

/** The first bits of an address. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * What counts as one address: an IPv4 address (in its IPv6 form, too), and the /64 of an IPv6 address, of which one
 * customer has 2^64 addresses. Undefined for what is no address.
 */
export function networkOf(address: string): string | undefined {
  const family = isIP(address);
  if (family === 4) return address;
  if (family !== 6) return undefined;
  const groups = groupsOf(address);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** The eight groups of sixteen bits of a valid address; of an IPv4 address those of its IPv6 form. */
export function addressGroups(address: string): number[] {
  return isIP(address) === 4 ? [0, 0, 0, 0, 0, 0xffff, ...ipv4Groups(address)] : groupsOf(address);
}

/** An address without the name of an interface. */
export function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone < 0 || !isIPv6(address) ? address : address.slice(0, zone);
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = withoutZone(address).split('::');
  const before = parseGroups(head);
  if (tail === undefined) return before;
  const after = parseGroups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    return ipv4Groups(group);
  });
}

function ipv4Groups(text: string): [number, number] {
  const [a, b, c, d] = text.split('.');
  return [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)];
}
