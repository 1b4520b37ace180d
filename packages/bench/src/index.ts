export { formatMicros, formatNumber, formatRatio } from './format.ts';
export type { Load } from './load.ts';
export { markdownReport, type Provenance } from './markdown.ts';
export { type Measurement, type PhaseFigures, parseResult } from './measurement.ts';
export type { Scenario } from './scenario.ts';
export { scenarios } from './scenarios.ts';
export { type Cell, median, type SummaryRow, summarize } from './summary.ts';
