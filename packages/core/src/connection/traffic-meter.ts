import type { DisconnectedEvent, Traffic } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { LoadedConnection } from '../overload/held-clients.ts';
import type { TrafficSource } from '../session/session-counters.ts';

const heldIdentifierBytes = 64;

/** The connection, as its meter sees it. */
interface Metered {
  readonly closed: boolean;
  readonly output: { readonly pending: number; readonly taken: number };
  readonly reading: { readonly heldBytes: number };
  readonly sink: {
    readonly messagesSent: number;
    holdBack(): void;
    letGo(): void;
    checkStall(): void;
  };
  readonly session:
    | {
        readonly outbox: { readonly memoryBytes: number };
        readonly held: number;
      }
    | undefined;
  limited(limit: 'maxMemoryBytes', action: 'paused'): void;
}

type MeterContext = Pick<Context, 'environment' | 'stats' | 'overload'>;

/** Counts what goes over one connection, and what it holds in memory. */
export class TrafficMeter implements LoadedConnection, TrafficSource {
  bytesReceived = 0;
  /** PUBLISH packets of the client, repeated ones included. */
  messagesReceived = 0;
  readonly #connection: Metered;
  readonly #context: MeterContext;
  readonly #since: number;
  #bytesBefore = 0;
  #messagesBefore = 0;

  constructor(connection: Metered, context: MeterContext) {
    this.#connection = connection;
    this.#context = context;
    this.#since = context.environment.monotonic();
  }

  /** A chunk came from the peer. */
  received(bytes: number): void {
    const { stats, overload } = this.#context;
    stats.bytesReceived += bytes;
    this.bytesReceived += bytes;
    overload.touch();
  }

  /** What the system has taken so far. */
  get bytesSent(): number {
    return this.#connection.output.taken;
  }

  get messagesSent(): number {
    return this.#connection.sink.messagesSent;
  }

  /** All of it, when the connection ends; what is still to be written gets no further where the network is gone. */
  total(endedBy: DisconnectedEvent['by']): Traffic {
    const { taken, pending } = this.#connection.output;
    return {
      durationMs: this.#context.environment.monotonic() - this.#since,
      bytesReceived: this.bytesReceived,
      bytesSent: endedBy === 'network' ? taken : taken + pending,
      messagesReceived: this.messagesReceived,
      messagesSent: this.#connection.sink.messagesSent,
    };
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  get memoryBytes(): number {
    const { output, reading, session } = this.#connection;
    const bytes = output.pending + reading.heldBytes;
    if (session === undefined) return bytes;
    return bytes + session.outbox.memoryBytes + session.held * heldIdentifierBytes;
  }

  takePublishedBytes(): number {
    const bytes = this.bytesReceived - this.#bytesBefore;
    const published = this.messagesReceived > this.#messagesBefore;
    this.#bytesBefore = this.bytesReceived;
    this.#messagesBefore = this.messagesReceived;
    return published ? bytes : 0;
  }

  holdBack(): void {
    this.#connection.sink.holdBack();
  }

  letGo(): void {
    this.#connection.sink.letGo();
  }

  tellHeld(): void {
    this.#connection.limited('maxMemoryBytes', 'paused');
  }

  watchStall(): void {
    this.#connection.sink.checkStall();
  }
}
