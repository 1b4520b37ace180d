import type { ProtocolVersion } from '@sluice/packet';
import type { Capability } from './target.ts';
import type { Trial } from './trial.ts';

/** Statements of the two standards; their numbers overlap and mean different things. */
export interface StatementIds {
  /** Of MQTT 5.0. */
  readonly v5?: readonly string[];
  /** Of MQTT 3.1.1; 3.1 has no numbered statements and is held to these where they apply. */
  readonly v311?: readonly string[];
}

/** One thing that a broker must do, and the code that finds out. */
export interface ConformanceCase {
  /** In kebab-case, unique. */
  readonly name: string;
  readonly ids: StatementIds;
  readonly versions: readonly ProtocolVersion[];
  /** What the broker must offer or the caller must configure; otherwise the case is not run. */
  readonly needs?: readonly Capability[];
  /** Milliseconds; the runner's own limit by default. */
  readonly timeoutMs?: number;
  readonly run: (t: Trial) => Promise<void>;
}

/** Gives a case its type. */
export function defineCase(definition: ConformanceCase): ConformanceCase {
  return definition;
}

/** Statements that a case is about when it runs in this version. */
export function idsFor(definition: ConformanceCase, version: ProtocolVersion): readonly string[] {
  return (version === 5 ? definition.ids.v5 : definition.ids.v311) ?? [];
}
