import { isIP } from 'node:net';
import { type Ban, type BanTarget, parseNetwork, targetOf } from './ban.ts';
import type { Network } from './network.ts';
import { NetworkSet } from './network-set.ts';

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
  /** Of the bans that have an address. */
  readonly #networks = new NetworkSet();
  /** When the first ban ends. */
  #nextEnd = Infinity;

  constructor(bans: readonly Ban[] = []) {
    for (const ban of bans) this.add(ban);
  }

  add(ban: Ban): void {
    const target = targetOf(ban);
    if (target === undefined) return;
    this.remove(target);
    this.#bans.set(keyOf(target), ban);
    const network = networkOfTarget(target);
    if (network !== undefined) this.#networks.add(network);
    this.#nextEnd = Math.min(this.#nextEnd, ban.until ?? Infinity);
  }

  /** False when there is none. */
  remove(target: BanTarget): boolean {
    if (!this.#bans.delete(keyOf(target))) return false;
    const network = networkOfTarget(target);
    if (network !== undefined) this.#networks.remove(network);
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
      (address !== undefined && isIP(address) !== 0 && this.#networks.has(address))
    );
  }

  #forgetEnded(now: number): void {
    if (now < this.#nextEnd) return;
    this.#nextEnd = Infinity;
    for (const ban of this.#bans.values()) {
      const until = ban.until ?? Infinity;
      if (until > now) {
        this.#nextEnd = Math.min(this.#nextEnd, until);
      } else {
        const target = targetOf(ban);
        if (target !== undefined) this.remove(target);
      }
    }
  }
}

function keyOf({ kind, value }: BanTarget): string {
  return `${kind} ${value}`;
}

function networkOfTarget({ kind, value }: BanTarget): Network | undefined {
  return kind === 'address' ? parseNetwork(value) : undefined;
}
