import type { Load } from './load.ts';

/**
 * What decides the cost of a message: whether many share one read and one write (pipelined), or each
 * has its own. Figures of the two must never be mixed in a claim; "scale" is about memory and size,
 * "durable" about brokers that keep their state on disk.
 */
export type Regime = 'pipelined' | 'one at a time' | 'scale' | 'durable';

/** One thing that a scenario measures; the load generator's names for it begin with `prefix`. */
export interface Phase {
  readonly title: string;
  readonly prefix: string;
  /** What is counted, in the singular. */
  readonly unit: string;
  /** Whether the latencies of the run belong to this phase. */
  readonly hasLatency: boolean;
}

/** Memory that a scenario attributes to one of the things it makes many of. */
export interface MemoryFigure {
  readonly key: string;
  readonly bytesPerUnit: number;
  readonly unit: string;
}

/** One more number of a run, with a line of its own in the report. */
export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly unit: 'ms' | 'MB' | 'B' | 'bodies';
}

/** What happens to the broker after the load: it ends, and a new process of it meets another load. */
export interface Restart {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  readonly load: Load;
}

/** One load under one name, the same for every broker. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly regime: Regime;
  readonly load: Load;
  readonly phases: readonly Phase[];
  readonly memory?: MemoryFigure;
  readonly figures?: readonly Figure[];
  /** The phases are then those of its load. */
  readonly restart?: Restart;
  /** How many messages the load leaves behind, where the store is looked into after the broker ended. */
  readonly storedMessages?: number;
  /** Size of a whole PUBLISH, for a relay that forwards bytes without parsing; without it none runs. */
  readonly relayPacketBytes?: number;
  /** Limits of Sluice that the load would hit at their defaults; printed, and set by a config file. */
  readonly sluiceLimits?: Readonly<Record<string, number>>;
  /** Options of its configuration that the load needs, beside limits. */
  readonly sluiceOptions?: { readonly slowReceiver: 'pause' };
  readonly timeoutSeconds: number;
  /** Those that are measured where none are named; otherwise Sluice, Aedes and Mosquitto in memory. */
  readonly brokers?: readonly string[];
  /** Part of a run without `--scenario`. */
  readonly isDefault: boolean;
}

/** The phases of a load that queues messages for sessions which are away, and has them come back. */
export const queuedAndDrained: readonly Phase[] = [
  { title: 'enqueue', prefix: 'queue_', unit: 'message', hasLatency: false },
  { title: 'drain', prefix: 'drain_', unit: 'message', hasLatency: false },
];
