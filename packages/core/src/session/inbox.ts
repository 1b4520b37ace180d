import type { Durability } from '@sluice/plugin';
import type { Commits } from '../commits/commits.ts';

/** Inbound QoS 2 packet identifiers that a session holds until their PUBREL (section 4.3.3). */
export class Inbox {
  readonly #session: number;
  readonly #commits: Commits | undefined;
  #held: Set<number> | undefined;

  /** Identifiers are committed where there are commits, which a session without a tomorrow has not. */
  constructor(session: number, commits: Commits | undefined) {
    this.#session = session;
    this.#commits = commits;
  }

  get size(): number {
    return this.#held === undefined ? 0 : this.#held.size;
  }

  has(packetId: number): boolean {
    return this.#held?.has(packetId) ?? false;
  }

  /** Holds an identifier. Its commit is the one of the message that came with it. */
  hold(packetId: number, durability?: Durability): void {
    this.restore(packetId);
    this.#commits?.add({ type: 'receive', session: this.#session, packetId }, 0, durability);
  }

  /** Frees an identifier; false when it was not held. */
  release(packetId: number): boolean {
    if (this.#held?.delete(packetId) !== true) return false;
    this.#commits?.add({ type: 'complete', session: this.#session, packetId });
    return true;
  }

  /** Puts back what was committed before a restart. */
  restore(packetId: number): void {
    this.#held ??= new Set();
    this.#held.add(packetId);
  }
}
