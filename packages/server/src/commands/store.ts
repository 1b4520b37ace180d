import { backupStore, checkStore, repairStore, storeStats } from '@sluice/persistence-level';
import { tellError } from '../tell-error.ts';
import type { Terminal } from '../terminal.ts';
import { readStoreArguments, type StoreArguments } from './store-arguments.ts';
import { Progress } from './store-progress.ts';
import { backupText, checkText, repairText, statsText } from './store-texts.ts';

interface Result {
  readonly report: object;
  readonly lines: readonly string[];
  readonly isHealthy: boolean;
}

/** Looks after a store that no broker has open. Exit code 0: all is well, 1: there are problems, 2: it could not run. */
export async function store(args: readonly string[], terminal: Terminal): Promise<number> {
  const progress = new Progress(terminal.errors);
  try {
    const given = readStoreArguments(args, terminal.environment);
    const { report, lines, isHealthy } = await act(given, progress);
    progress.end();
    const text = given.json ? JSON.stringify(report, undefined, 2) : lines.join('\n');
    terminal.output.write(`${text}\n`);
    return isHealthy ? 0 : 1;
  } catch (error) {
    progress.end();
    tellError(error, terminal);
    return 2;
  }
}

async function act({ action, path, to }: StoreArguments, progress: Progress): Promise<Result> {
  const onProgress = (what: string, records: number) => progress.show(what, records);
  switch (action) {
    case 'check': {
      const report = await checkStore({ path, onProgress });
      return { report, lines: checkText(report), isHealthy: report.healthy };
    }
    case 'repair': {
      const report = await repairStore({ path, onProgress });
      return { report, lines: repairText(report), isHealthy: report.after.healthy };
    }
    case 'backup': {
      const copied = ({ records }: { readonly records: number }) => onProgress('backup', records);
      const report = await backupStore({ path, to, onProgress: copied });
      return { report, lines: backupText(report), isHealthy: report.damaged === 0 };
    }
    case 'stats': {
      const report = await storeStats({ path, onProgress });
      return { report, lines: statsText(report), isHealthy: true };
    }
  }
}
