import type { ConformanceCase } from '../case.ts';
import { connectActionCases } from './connect-actions.ts';
import { connectHeaderCases } from './connect-header.ts';
import { connectPayloadCases } from './connect-payload.ts';
import { connectSessionCases } from './connect-session.ts';

/** CONNECT: section 3.1 of both standards. */
export const connectCases: readonly ConformanceCase[] = [
  ...connectHeaderCases,
  ...connectPayloadCases,
  ...connectSessionCases,
  ...connectActionCases,
];
