import type { ConformanceCase } from '../case.ts';

/** Properties that are forwarded: section 3.3.2.3 of 5.0. */
export const propertiesCases: readonly ConformanceCase[] = [];
