import type { Logger } from 'pino';
import type { RunningServer } from '../server.ts';

/**
 * From now on the signal SIGUSR2 does not end the process; once the returned function has been given a server, it
 * makes that write a backup. Windows has no such signal.
 */
export function backupAtSignal(logger: Logger): (server: RunningServer) => void {
  if (process.platform === 'win32') return () => {};
  let server: RunningServer | undefined;
  let isRunning = false;
  process.on('SIGUSR2', () => {
    if (server === undefined || isRunning) {
      const why = isRunning ? 'the last one is not finished' : 'the server is not ready';
      logger.warn(`no backup: ${why}`);
      return;
    }
    isRunning = true;
    void writeBackup(server, logger).finally(() => {
      isRunning = false;
    });
  });
  return (ready) => {
    server = ready;
  };
}

async function writeBackup(server: RunningServer, logger: Logger): Promise<void> {
  logger.info('backup started');
  try {
    const { path, records, bytes, damaged } = await server.backup();
    logger.info({ records, bytes }, `backup written to ${path}`);
    if (damaged > 0)
      logger.warn({ damaged }, 'the backup holds damaged records, as the store does');
  } catch (error) {
    logger.error({ err: error }, 'backup failed');
  }
}
