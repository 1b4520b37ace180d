import type { EventLoopDelay } from '@sluice/core';
import type { Logger } from 'pino';

const lookEveryMs = 10_000;

/** Logs a warning when the event loop was held up for longer than `slowTurnMs`; 0 for never. Returns what ends that. */
export function logSlowTurns(
  broker: { eventLoopDelay(): EventLoopDelay | undefined },
  logger: Logger,
  slowTurnMs: number,
): () => void {
  if (slowTurnMs === 0) return () => {};
  broker.eventLoopDelay();
  const timer = setInterval(() => {
    const delay = broker.eventLoopDelay();
    if (delay === undefined || delay.maxMs <= slowTurnMs) return;
    const [maxMs, p99Ms] = [Math.round(delay.maxMs), Math.round(delay.p99Ms)];
    logger.warn({ maxMs, p99Ms }, 'the event loop was held up: nobody was served meanwhile');
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
