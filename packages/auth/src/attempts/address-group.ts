import { isIPv6 } from 'node:net';

/**
 * What failures of an address are counted under: an IPv4 address itself, also in its IPv6 form, of an IPv6 address the
 * network of 64 bits, since one host can have all of that.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [plain = ''] = address.split('%');
  const [before = [], after] = plain.split('::').map(groupsOf);
  const missing = after === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<number>(missing).fill(0), ...(after ?? [])];
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
