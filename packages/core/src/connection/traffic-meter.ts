import type { DisconnectedEvent, Traffic } from '@sluice/plugin';
import type { Environment } from '../base/environment.ts';
import type { TrafficSource } from '../session/session-counters.ts';
import type { Output } from './output.ts';

/** Counts what goes over one connection. */
export class TrafficMeter implements TrafficSource {
  bytesReceived = 0;
  /** PUBLISH packets of the client, repeated ones included. */
  messagesReceived = 0;
  readonly #output: Output;
  readonly #sink: { readonly messagesSent: number };
  readonly #environment: Environment;
  readonly #since: number;

  constructor(output: Output, sink: { readonly messagesSent: number }, environment: Environment) {
    this.#output = output;
    this.#sink = sink;
    this.#environment = environment;
    this.#since = environment.monotonic();
  }

  /** What the system has taken so far. */
  get bytesSent(): number {
    return this.#output.taken;
  }

  get messagesSent(): number {
    return this.#sink.messagesSent;
  }

  /** All of it, when the connection ends; what is still to be written gets no further where the network is gone. */
  total(endedBy: DisconnectedEvent['by']): Traffic {
    const { taken, pending } = this.#output;
    return {
      durationMs: this.#environment.monotonic() - this.#since,
      bytesReceived: this.bytesReceived,
      bytesSent: endedBy === 'network' ? taken : taken + pending,
      messagesReceived: this.messagesReceived,
      messagesSent: this.#sink.messagesSent,
    };
  }
}
