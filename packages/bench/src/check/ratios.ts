import type { Cell, SummaryRow } from '../summary.ts';

/** The broker that is watched, and the one that it is divided by. */
export const watched = { broker: 'sluice', peer: 'aedes' } as const;

/** Ratios by what they are of, such as `fanin/deliver/cpu`; less is better for every one of them. */
export type Ratios = ReadonlyMap<string, number>;

/** Every ratio that a summary holds: processor time of each phase, and memory where it is attributed. */
export function ratiosOf(rows: readonly SummaryRow[]): Map<string, number> {
  const ratios = new Map<string, number>();
  for (const row of rows) {
    const cell = cellOf(row, watched.broker);
    const set = (key: string, ratio: number | undefined) => {
      if (ratio !== undefined && ratio > 0) ratios.set(key, ratio);
    };
    const [cpu, memory] = keysOf(row) as [string, string | undefined];
    set(cpu, cell?.cpuRatios[watched.peer]);
    if (memory !== undefined) set(memory, cell?.memoryRatios[watched.peer]);
  }
  return ratios;
}

/** The keys of all ratios that a summary ought to hold. */
export function expectedKeys(rows: readonly SummaryRow[]): string[] {
  return rows.flatMap(keysOf);
}

/** The scenario that a key belongs to. */
export function scenarioOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function keysOf(row: SummaryRow): string[] {
  const phase = `${row.scenario}/${row.phase.replaceAll(' ', '-')}`;
  return row.memoryUnit === undefined ? [`${phase}/cpu`] : [`${phase}/cpu`, `${phase}/memory`];
}

function cellOf(row: SummaryRow, broker: string): Cell | undefined {
  return row.cells.find((cell) => cell.broker === broker);
}
