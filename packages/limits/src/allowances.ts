import type { Client, ConnectionInfo } from '@sluice/plugin';
import type { TokenBucket } from './token-bucket.ts';

/** What a client has used of its rates. */
export interface Buckets {
  readonly messages: TokenBucket | undefined;
  readonly bytes: TokenBucket | undefined;
}

/** What a client may send on its connection, and whether anybody counts it. */
export interface Allowance extends Buckets {
  readonly connection: ConnectionInfo;
  readonly exempt: boolean;
}

/** Makes an allowance for a connection, of full buckets unless the client has used some. */
export type MakeAllowance = (client: Client, used: Buckets | undefined) => Allowance;

/** Allowances by client identifier: of connected clients, and of so many that left before theirs was full again. */
export class Allowances {
  readonly #maxDeparted: number;
  readonly #make: MakeAllowance;
  readonly #connected: Map<string, Allowance> = new Map();
  readonly #departed: Map<string, Buckets> = new Map();
  readonly #gone: WeakSet<ConnectionInfo> = new WeakSet();

  constructor(maxDeparted: number, make: MakeAllowance) {
    this.#maxDeparted = maxDeparted;
    this.#make = make;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#connected.size + this.#departed.size;
  }

  /** Who comes back at once finds what it left, but may be somebody else to `exempt`. */
  of(client: Client): Allowance {
    const known = this.#connected.get(client.clientId);
    return known?.connection === client.connection ? known : this.#begin(client, known);
  }

  /** The connection of the client is gone. */
  leave({ clientId, connection }: Client, now: number): void {
    this.#gone.add(connection);
    const allowance = this.#connected.get(clientId);
    if (allowance?.connection !== connection) return;
    this.#connected.delete(clientId);
    const { messages, bytes } = allowance;
    const isFull = (bucket: TokenBucket | undefined): boolean => bucket?.isFull(now) ?? true;
    if (isFull(messages) && isFull(bytes)) return;
    this.#departed.set(clientId, { messages, bytes });
    if (this.#departed.size <= this.#maxDeparted) return;
    const [oldest] = this.#departed.keys();
    if (oldest !== undefined) this.#departed.delete(oldest);
  }

  #begin(client: Client, known: Allowance | undefined): Allowance {
    const { clientId, connection } = client;
    const allowance = this.#make(client, known ?? this.#departed.get(clientId));
    // Another hook may hold a message up until its sender is gone: what is kept now would stay for ever.
    if (this.#gone.has(connection)) return allowance;
    this.#departed.delete(clientId);
    this.#connected.set(clientId, allowance);
    return allowance;
  }
}
