import { BrokerError } from '@sluice/plugin';
import type { Terminal } from './terminal.ts';

/** Tells in one line, whatever a library put into its message, why a command could not go on. */
export function tellError(error: unknown, { errors }: Terminal): void {
  const code = error instanceof BrokerError ? `${error.code}: ` : '';
  const message = error instanceof Error ? error.message : String(error);
  errors.write(`sluice: ${code}${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
}
