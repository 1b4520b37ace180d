import type { Measurement } from './measurement.ts';
import type { Figure, Scenario } from './scenario.ts';
import { median } from './summary.ts';

/** One further figure of one scenario: the median of each broker, over its valid runs. */
export interface FigureRow {
  readonly scenario: string;
  readonly title: string;
  readonly unit: Figure['unit'];
  readonly values: ReadonlyMap<string, number>;
}

/** One row for each further figure of each scenario that ran. */
export function summarizeFigures(
  scenarios: readonly Scenario[],
  measurements: readonly Measurement[],
): FigureRow[] {
  return scenarios.flatMap(({ name, figures = [] }) => {
    const runs = measurements.filter((one) => one.scenario === name && one.problems.length === 0);
    return figures.flatMap(({ key, title, unit }): FigureRow[] => {
      const values = new Map<string, number>();
      for (const broker of new Set(runs.map((one) => one.broker))) {
        const own = runs.filter((one) => one.broker === broker);
        const value = median(own.map((one) => one.figures?.[key]));
        if (value !== undefined) values.set(broker, value);
      }
      return values.size === 0 ? [] : [{ scenario: name, title, unit, values }];
    });
  });
}

/** The brokers of some rows, in the order in which they ran. */
export function figureBrokers(rows: readonly FigureRow[]): string[] {
  return [...new Set(rows.flatMap((row) => [...row.values.keys()]))];
}
