import type { Logger } from 'pino';
import type { Listener } from './listeners/listener.ts';

/** From one look at the files of certificates to the next. */
const pollMs = 5_000;
/** From a change to the reload: certificate and key come one after the other. */
const settleMs = 500;

/** Reads the certificates of listeners again when one of their files changes. Returns what ends it. */
export function watchCertificates(
  listeners: readonly Listener[],
  logger: Logger,
  times: { readonly pollMs: number; readonly settleMs: number } = { pollMs, settleMs },
): () => void {
  const stops = listeners.map((listener) => watch(listener, logger, times));
  return () => {
    for (const stop of stops) stop();
  };
}

/** Looks at files now and then rather than waiting for word of the system, which mounts and links do not give. */
function watch(
  listener: Listener,
  logger: Logger,
  times: { readonly pollMs: number; readonly settleMs: number },
): () => void {
  const { certificates } = listener;
  if (certificates === undefined) return () => {};
  let isOver = false;
  let timer: NodeJS.Timeout;
  const after = (ms: number, step: () => void) => {
    if (!isOver) timer = setTimeout(step, ms).unref();
  };
  const look = () => {
    void certificates.haveChanged().then((haveChanged) => {
      if (haveChanged) after(times.settleMs, readAgain);
      else after(times.pollMs, look);
    });
  };
  const readAgain = () => {
    reload(listener, logger);
    after(times.pollMs, look);
  };
  after(times.pollMs, look);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function reload(listener: Listener, logger: Logger): void {
  try {
    listener.reload?.();
    logger.info(`certificates of ${listener.url} read again`);
  } catch (error) {
    logger.error({ err: error }, `certificates of ${listener.url} stay as they were`);
  }
}
