import { HeaviestFirst } from './heaviest-first.ts';

/** A connection, as those see it who look after the memory of the broker. */
export interface LoadedConnection {
  readonly closed: boolean;
  /** What it holds: output, unfinished packets, and messages that wait for its client in memory. */
  readonly memoryBytes: number;
  /** Bytes received since the last call, of a client that published since then; 0 of any other. */
  takePublishedBytes(): number;
  /** Reads no further until `letGo`, as many times as it was called. */
  holdBack(): void;
  letGo(): void;
  /** Tells hooks that it is held back. */
  tellHeld(): void;
  /** Closes it within `stalledTimeoutMs` if it takes nothing of what waits for it. */
  watchStall(): void;
}

/** Who published lately, and how much. */
interface Noted {
  readonly connection: LoadedConnection;
  readonly bytes: number;
}

/** How much of what was published lately comes from those who are held back, at each level. */
const shares = { slowing: 0.5, dropping: 0.8, refusing: 1 } as const;
const sipMs = 1_000;
// A sip may take a millisecond.
const maxSips = 16;
/** Of those who are held back, how many are let go at a time when the memory is enough again. */
const returning = 4;
// Each of them may take a millisecond, too.
const maxReturning = 32;

/** Clients that the broker hardly reads from, since they publish more than it has memory for. */
export class HeldClients {
  /** Since when each was not read from. */
  readonly #held: Map<LoadedConnection, number> = new Map();
  #noted: HeaviestFirst<Noted> = new HeaviestFirst();

  get size(): number {
    return this.#held.size;
  }

  /** Notes what a client published since it was noted last. */
  note(connection: LoadedConnection): void {
    const bytes = connection.takePublishedBytes();
    if (bytes > 0 && !this.#held.has(connection)) this.#noted.add({ connection, bytes });
  }

  /**
   * Lets those who are held back have a sip, and holds back who published most of those who were noted. Yields after
   * each, since there may be many.
   */
  *hold(level: keyof typeof shares, now: number): Generator<void> {
    this.#sip(now);
    const noted = this.#noted;
    this.#noted = new HeaviestFirst();
    let left = noted.bytes * shares[level];
    for (const { connection, bytes } of noted) {
      if (left <= 0) return;
      left -= bytes;
      if (connection.closed) continue;
      connection.holdBack();
      this.#held.set(connection, now);
      connection.tellHeld();
      yield;
    }
  }

  /** Lets some go: not all at once, or the memory would be gone again. */
  release(): void {
    this.#noted = new HeaviestFirst();
    let count = Math.min(maxReturning, Math.ceil(this.#held.size / returning));
    for (const connection of this.#held.keys()) {
      if (count-- === 0) break;
      this.#held.delete(connection);
      connection.letGo();
    }
  }

  /** A client's own acknowledgements lie behind what it publishes: who is never read never makes room. */
  #sip(now: number): void {
    let sips = maxSips;
    for (const [connection, since] of this.#held) {
      if (!connection.closed && (now - since < sipMs || sips-- === 0)) break;
      this.#held.delete(connection);
      if (connection.closed) continue;
      connection.letGo();
      connection.holdBack();
      // Behind those who wait for longer.
      this.#held.set(connection, now);
    }
  }
}
