import type { TokenBucket } from './token-bucket.ts';

/** What a client may send, and whether anybody counts it. */
export interface Allowance {
  readonly exempt: boolean;
  readonly messages: TokenBucket | undefined;
  readonly bytes: TokenBucket | undefined;
}

/** Allowances by client identifier: of connected clients, and of so many that left before theirs was full again. */
export class Allowances {
  readonly #maxDeparted: number;
  readonly #connected: Map<string, Allowance> = new Map();
  readonly #departed: Map<string, Allowance> = new Map();

  constructor(maxDeparted: number) {
    this.#maxDeparted = maxDeparted;
  }

  of(clientId: string): Allowance | undefined {
    const known = this.#connected.get(clientId);
    if (known !== undefined) return known;
    const before = this.#departed.get(clientId);
    if (before === undefined) return undefined;
    this.#departed.delete(clientId);
    this.#connected.set(clientId, before);
    return before;
  }

  add(clientId: string, allowance: Allowance): Allowance {
    this.#connected.set(clientId, allowance);
    return allowance;
  }

  /** The client is gone. Who comes back at once finds what it left. */
  leave(clientId: string, now: number): void {
    const allowance = this.#connected.get(clientId);
    if (allowance === undefined) return;
    this.#connected.delete(clientId);
    const isFull = (bucket: TokenBucket | undefined): boolean => bucket?.isFull(now) ?? true;
    if (isFull(allowance.messages) && isFull(allowance.bytes)) return;
    this.#departed.set(clientId, allowance);
    if (this.#departed.size <= this.#maxDeparted) return;
    const [oldest] = this.#departed.keys();
    if (oldest !== undefined) this.#departed.delete(oldest);
  }
}
