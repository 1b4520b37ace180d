import type { ProtocolVersion } from '@sluice/packet';

/** Statements of the two standards; their numbers overlap and mean different things. */
export interface StatementIds {
  /** Of MQTT 5.0. */
  readonly v5?: readonly string[];
  /** Of MQTT 3.1.1; 3.1 has no numbered statements and is held to these where they apply. */
  readonly v311?: readonly string[];
}

/** Statements that a case is about when it runs in this version. */
export function idsFor(
  { ids }: { readonly ids: StatementIds },
  version: ProtocolVersion,
): readonly string[] {
  return (version === 5 ? ids.v5 : ids.v311) ?? [];
}
