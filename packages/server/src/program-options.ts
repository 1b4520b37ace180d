import { type Place, wrongValue } from './shape.ts';

const loggerFunctions = ['debug', 'info', 'warn', 'error', 'isLevelEnabled'] as const;

/**
 * Checks what only a program can give to `startServer`. Another logger would do for a while, and end the process when a
 * connection is refused.
 */
export function checkProgramOptions(plugins: unknown, logger: unknown): void {
  const at = (key: string): Place => ({ source: 'startServer', key });
  if (!Array.isArray(plugins))
    throw wrongValue(typeof plugins, at('plugins'), 'a list of plug-ins');
  const given = Object(logger) as Record<string, unknown>;
  if (loggerFunctions.every((name) => typeof given[name] === 'function')) return;
  throw wrongValue(typeof logger, at('logger'), 'a logger of pino, or one with the same functions');
}
