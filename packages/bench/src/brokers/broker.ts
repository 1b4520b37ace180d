import type { Command } from '../child.ts';
import type { Scenario } from '../scenario.ts';

/** One start of a broker: where it listens, and a directory of its own that is removed afterwards. */
export interface Start {
  readonly port: number;
  readonly directory: string;
  readonly scenario: Scenario;
}

/** A broker that can be measured. Each run has a new process of it. */
export interface Broker {
  readonly name: string;
  /** The brokers whose figures its own are divided by, best known first. */
  readonly peers: readonly string[];
  /** Forwards bytes and parses nothing: the limit of what a broker could reach. */
  readonly isRelay: boolean;
  /** Counters of the load generator that are known not to be 0 here, and are noted only. */
  readonly knownFaults: readonly string[];
  /** Why it cannot run here, in one sentence; `undefined` when it can. */
  unavailable(): string | undefined;
  version(): string;
  command(start: Start): Command;
}
