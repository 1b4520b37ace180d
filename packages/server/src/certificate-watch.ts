import { unwatchFile, watchFile } from 'node:fs';
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
  const stops = listeners.map((listener) =>
    watchFiles(listener.files ?? [], () => reload(listener, logger), times),
  );
  return () => {
    for (const stop of stops) stop();
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

/** Looks at files now and then rather than waiting for word of the system, which mounts and links do not give. */
function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  times: { readonly pollMs: number; readonly settleMs: number },
): () => void {
  let soon: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(soon);
    soon = setTimeout(onChange, times.settleMs).unref();
  };
  for (const path of paths) {
    watchFile(path, { interval: times.pollMs, persistent: false }, changed);
  }
  return () => {
    clearTimeout(soon);
    for (const path of paths) unwatchFile(path, changed);
  };
}
