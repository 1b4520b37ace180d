import { BenchError } from '../bench-error.ts';
import { readReport } from '../read-report.ts';
import { goalTable, resultsOf } from './goal-table.ts';
import { goals } from './goals.ts';
import { hardGoals } from './hard-goals.ts';

/**
 * Prints what reports measured beside the goals, those of the hard variants where they were measured; the exit code is
 * 1 when something is below its floor.
 */
export function goalsCommand(files: readonly string[]): number {
  if (files.length === 0 || files.some((file) => file.startsWith('-'))) {
    throw new BenchError('Usage: npm run bench -- goals REPORT.json [REPORT.json ...]');
  }
  const reports = files.map(readReport);
  const hard = resultsOf(hardGoals, reports).filter(({ verdict }) => verdict !== 'not measured');
  const results = [...resultsOf(goals, reports), ...hard];
  console.log(goalTable(results));
  return results.some(({ verdict }) => verdict === 'below the floor') ? 1 : 0;
}
