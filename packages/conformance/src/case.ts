import type { ProtocolVersion } from '@sluice/packet';
import type { StatementIds } from './statement-ids.ts';
import type { Capability } from './target.ts';
import type { Trial } from './trial.ts';

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
