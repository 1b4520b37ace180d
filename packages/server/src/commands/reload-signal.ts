import type { Logger } from 'pino';
import type { RunningServer } from '../server.ts';

/**
 * From now on the signal SIGHUP does not end the process; once the returned function has been given a server, it
 * makes that reload. Windows sends it when a console is closed, where it keeps its meaning.
 */
export function reloadAtSignal(logger: Logger): (server: RunningServer) => void {
  if (process.platform === 'win32') return () => {};
  let server: RunningServer | undefined;
  process.on('SIGHUP', () => {
    if (server === undefined) {
      logger.warn('nothing reloaded: the server is not ready');
      return;
    }
    server.reload().then(
      () => logger.info('reloaded'),
      (error: unknown) =>
        logger.error({ err: error }, 'reload failed: what is broken stays as it was'),
    );
  });
  return (ready) => {
    server = ready;
  };
}
