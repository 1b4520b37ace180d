import { isIPv6 } from 'node:net';

/**
 * What failures of an address are counted under: an IPv4 address itself, of an IPv6 address the network of 64 bits,
 * since one host can have all of that.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [plain = ''] = address.split('%');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [before = [], after] = plain.split('::').map(groupsOf);
  // What "::" left out; at least the first four groups are known then.
  const missing = after === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...(after ?? [])];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(part: string): string[] {
  if (part === '') return [];
  // An IPv4 address at the end stands for two groups, none of them among the first four.
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
