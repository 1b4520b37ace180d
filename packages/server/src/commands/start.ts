import type { Logger } from 'pino';
import { type ResolvedConfig, resolveConfig } from '../config.ts';
import { boundHeapGrowth } from '../heap-growth.ts';
import { readConfig } from '../layers.ts';
import { type Log, openLog } from '../logging.ts';
import { type RunningServer, startServer } from '../server.ts';
import type { Terminal } from '../terminal.ts';
import { backupAtSignal } from './backup-signal.ts';
import { reloadAtSignal } from './reload-signal.ts';

/** Runs a server until a signal ends it; settles with the exit code. */
export async function start(args: readonly string[], terminal: Terminal): Promise<number> {
  const config = readConfig(args, terminal.environment);
  const log = openLog(resolveConfig(config).logLevel);
  boundHeapGrowth();
  try {
    exitOnFault(log);
    const stopped = stopSignal(log);
    const serveBackups = backupAtSignal(log.logger);
    const serveReloads = reloadAtSignal(log.logger);
    const server = await startServer({ ...config, logger: log.logger });
    serveBackups(server);
    serveReloads(server);
    log.logger.info(`ready: ${storeOf(resolveConfig(config))}`);
    await stopped;
    await close(server, log.logger);
    return 0;
  } finally {
    await log.end();
  }
}

async function close(server: RunningServer, logger: Logger): Promise<void> {
  logger.info('closing');
  await server.close();
  logger.info('closed');
}

/** Settles at the first signal; the second one ends the process at once. */
function stopSignal({ logger, flush }: Log): Promise<void> {
  return new Promise((resolve) => {
    let signalled = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (signalled) {
        logger.warn({ signal }, 'second signal: not waiting for clients');
        flush();
        process.exit(1);
      }
      signalled = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** A fault of the program itself: nothing is certain after it, and the store is made to survive a sudden end. */
function exitOnFault({ logger, flush }: Log): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught error: the process ends');
    flush();
    process.exit(1);
  });
}

function storeOf({ persistence }: ResolvedConfig): string {
  return persistence === 'memory'
    ? 'everything is kept in memory only'
    : `sessions and messages are kept in ${persistence.path} (durability ${persistence.durability})`;
}
