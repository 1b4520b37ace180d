import { BlockList, isIP } from 'node:net';
import { type Ban, type BanTarget, parseNetwork, targetOf } from './ban.ts';
import { withoutZone } from './network.ts';

/** Who or what is asked about. */
export interface Suspect {
  readonly clientId?: string | undefined;
  readonly userName?: string | undefined;
  readonly identity?: string | undefined;
  readonly address?: string | undefined;
}

/** Bans that are in force, and whom they hit. */
export class BanSet {
  readonly #bans: Map<string, Ban> = new Map();
  /** Only of the bans that have an address; made again when these change. */
  #addresses: BlockList | undefined;
  /** When the first ban ends. */
  #nextEnd = Infinity;

  constructor(bans: readonly Ban[] = []) {
    for (const ban of bans) this.add(ban);
  }

  add(ban: Ban): void {
    this.#bans.set(keyOf(targetOf(ban)), ban);
    this.#changed(ban);
    this.#nextEnd = Math.min(this.#nextEnd, ban.until ?? Infinity);
  }

  /** False when there is none. */
  remove(target: BanTarget): boolean {
    const ban = this.#bans.get(keyOf(target));
    if (ban === undefined) return false;
    this.#bans.delete(keyOf(target));
    this.#changed(ban);
    return true;
  }

  list(now: number): Ban[] {
    this.#forgetEnded(now);
    return [...this.#bans.values()];
  }

  hits({ clientId, userName, identity, address }: Suspect, now: number): boolean {
    this.#forgetEnded(now);
    if (this.#bans.size === 0) return false;
    const has = (kind: BanTarget['kind'], value: string | undefined): boolean =>
      value !== undefined && this.#bans.has(keyOf({ kind, value }));
    return (
      has('clientId', clientId) ||
      has('user', userName) ||
      has('user', identity) ||
      this.#hitsAddress(address)
    );
  }

  #hitsAddress(text: string | undefined): boolean {
    const version = isIP(text ?? '');
    if (text === undefined || version === 0) return false;
    this.#addresses ??= this.#blockList();
    // It finds an IPv4 address in its IPv6 form, too.
    return this.#addresses.check(withoutZone(text), version === 4 ? 'ipv4' : 'ipv6');
  }

  #blockList(): BlockList {
    const list = new BlockList();
    for (const { address } of this.#bans.values()) {
      const network = address === undefined ? undefined : parseNetwork(address);
      if (network !== undefined) list.addSubnet(network.address, network.prefix, network.family);
    }
    return list;
  }

  #forgetEnded(now: number): void {
    if (now < this.#nextEnd) return;
    this.#nextEnd = Infinity;
    for (const [key, ban] of this.#bans) {
      const until = ban.until ?? Infinity;
      if (until > now) {
        this.#nextEnd = Math.min(this.#nextEnd, until);
      } else {
        this.#bans.delete(key);
        this.#changed(ban);
      }
    }
  }

  #changed(ban: Ban): void {
    if (ban.address !== undefined) this.#addresses = undefined;
  }
}

function keyOf(target: BanTarget | undefined): string {
  return `${target?.kind} ${target?.value}`;
}
