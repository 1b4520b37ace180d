import { isIP } from 'node:net';

interface Counts {
  connections: number;
  strangers: number;
}

/** How many connections each address has, and how many of them belong to nobody yet. */
export class AddressCounts {
  readonly #counts: Map<string, Counts> = new Map();

  connections(address: string): number {
    return this.#counts.get(address)?.connections ?? 0;
  }

  strangers(address: string): number {
    return this.#counts.get(address)?.strangers ?? 0;
  }

  opened(address: string): void {
    const counts = this.#counts.get(address);
    if (counts === undefined) this.#counts.set(address, { connections: 1, strangers: 1 });
    else {
      counts.connections++;
      counts.strangers++;
    }
  }

  /** Its CONNECT was accepted, or it ended before that. */
  known(address: string): void {
    const counts = this.#counts.get(address);
    if (counts !== undefined) counts.strangers--;
  }

  closed(address: string): void {
    const counts = this.#counts.get(address);
    if (counts === undefined) return;
    if (--counts.connections === 0) this.#counts.delete(address);
  }
}

/** What counts as one address: an IPv4 address, in its IPv6 form too, and the first 64 bits of an IPv6 address. */
export function countedAddress(address: string): string {
  // Of an address only IPv6 has a colon, and most have none.
  if (!address.includes(':') || isIP(address) !== 6) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1] as string;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  // Only how many groups `::` stands for depends on what follows it.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Math.max(0, 8 - before.length - after.length - (tail?.includes('.') ? 1 : 0));
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}
