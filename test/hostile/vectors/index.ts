import { controlling } from './controlling.ts';
import { firstPackets } from './first-packets.ts';
import { publishing } from './publishing.ts';
import { subscribing } from './subscribing.ts';
import type { Vector } from './vector.ts';

/** Everything that a client may send against the rules, or at their edge. */
export const allVectors: readonly Vector[] = [
  ...firstPackets,
  ...controlling,
  ...publishing,
  ...subscribing,
];
