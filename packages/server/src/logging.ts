import { setTimeout } from 'node:timers/promises';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './config.ts';
import { printable } from './printable.ts';
import { readableLines } from './readable-lines.ts';

/** A logger and the two ways to get its last lines out before the process ends. */
export interface Log {
  readonly logger: Logger;
  /** Nothing is logged after it. Settles when all is written, or the reader has stalled for a second. */
  readonly end: () => Promise<void>;
  /** For a sudden end. */
  readonly flush: () => void;
}

// Whoever reads the log may stall; beyond this, lines are dropped rather than the broker stopped or bloated.
const maxBufferedBytes = 8_388_608;
// How long the end waits for such a reader.
const stalledMs = 1_000;

/** Logs to standard output: JSON, or readable lines where that is a terminal. */
export function openLog(level: LogLevel): Log {
  // Looking at process.stdout is what makes a pipe non-blocking: a write to a full one would otherwise hold a
  // thread of the pool, and the end of the process, until somebody reads.
  if (process.stdout.isTTY) {
    // A terminal that is closed: whoever is served goes on being served.
    process.stdout.on('error', () => {});
    const logger = createLogger(level, readableLines(process.stdout));
    return { logger, end: async () => {}, flush: () => {} };
  }
  let patient = true;
  const stdout = destination({
    dest: 1,
    sync: false,
    maxLength: maxBufferedBytes,
    retryEAGAIN: () => patient,
  });
  // A full disk, above all: what could not be written waits, and is tried again with the next line.
  let failing = false;
  stdout.on('error', () => {
    failing = true;
  });
  stdout.on('write', () => {
    failing = false;
  });
  const logger = createLogger(level, stdout);
  return {
    logger,
    end: async () => {
      // A line that comes later, of a second signal above all, would throw and be an uncaught error.
      logger.level = 'silent';
      // Not flushSync: it overtakes a write that is under way.
      stdout.end();
      const closed = new Promise((resolve) => stdout.once('close', resolve));
      await Promise.race([closed, setTimeout(stalledMs)]);
      // Else pino would flush at the exit of the process, and wait for the reader without end.
      stdout.destroy();
    },
    flush: () => {
      patient = false;
      try {
        // Without end where writing fails.
        if (!failing) stdout.flushSync();
      } catch {
        // The pipe is full and nobody reads it.
      }
      stdout.destroy();
    },
  };
}

/** A logger of the shape that the server writes: level as a word, time in ISO form, one object a line. */
export function createLogger(level: LogLevel, to: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // JSON escapes only the first 32 controls, and whatever is logged may hold what a peer sent: errors above all.
      hooks: { streamWrite: (line) => `${printable(line.slice(0, -1))}\n` },
    },
    to,
  );
}
