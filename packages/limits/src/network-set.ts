import { addressGroups, type Network } from './network.ts';

/** Networks, found by their first bits: how many there are costs an address that is looked for nothing. */
export class NetworkSet {
  /** By length of the prefix: how often each network is in. */
  readonly #byPrefix = new Map<number, Map<string, number>>();

  add(network: Network): void {
    const { prefix, key } = placeOf(network);
    const networks = this.#byPrefix.get(prefix) ?? new Map<string, number>();
    this.#byPrefix.set(prefix, networks);
    networks.set(key, (networks.get(key) ?? 0) + 1);
  }

  /** Of a network that was added; once for each time that it was. */
  remove(network: Network): void {
    const { prefix, key } = placeOf(network);
    const networks = this.#byPrefix.get(prefix);
    const count = networks?.get(key) ?? 0;
    if (count > 1) networks?.set(key, count - 1);
    else networks?.delete(key);
    if (networks?.size === 0) this.#byPrefix.delete(prefix);
  }

  /** Finds an IPv4 address in its IPv6 form, too. */
  has(address: string): boolean {
    if (this.#byPrefix.size === 0) return false;
    const groups = addressGroups(address);
    for (const [prefix, networks] of this.#byPrefix) {
      if (networks.has(firstBits(groups, prefix))) return true;
    }
    return false;
  }
}

function placeOf({ address, prefix, family }: Network): { prefix: number; key: string } {
  const length = family === 'ipv4' ? prefix + 96 : prefix;
  return { prefix: length, key: firstBits(addressGroups(address), length) };
}

/** Sixteen bits a character. */
function firstBits(groups: readonly number[], count: number): string {
  const first = groups.slice(0, count >> 4);
  const rest = count & 15;
  if (rest > 0) first.push((groups[count >> 4] ?? 0) & (0xffff << (16 - rest)));
  return String.fromCharCode(...first);
}
