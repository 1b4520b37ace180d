import { acknowledgeVectors } from './vectors/acknowledge.ts';
import { connectVectors } from './vectors/connect.ts';
import { frameVectors } from './vectors/frame.ts';
import { publishVectors } from './vectors/publish.ts';
import { sessionVectors } from './vectors/session.ts';
import { subscribeVectors } from './vectors/subscribe.ts';
import type { Vector } from './vectors/vector.ts';

/** Every packet type, valid and not, in every version. P numbers name published hostile inputs. */
export const vectors: readonly Vector[] = [
  ...frameVectors,
  ...connectVectors,
  ...publishVectors,
  ...acknowledgeVectors,
  ...subscribeVectors,
  ...sessionVectors,
];
