import type { DestinationStream } from 'pino';
import { printable } from './printable.ts';

/** Turns lines of JSON into lines for people: time, level, message, then the other fields. */
export function readableLines(out: { write(text: string): unknown }): DestinationStream {
  return { write: (line) => void out.write(`${readable(line)}\n`) };
}

function readable(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as {
    readonly time: string;
    readonly level: string;
    readonly msg?: string;
    readonly err?: { readonly message: string; readonly stack?: string };
    readonly [field: string]: unknown;
  };
  const parts = [time.slice(11, 19), level.toUpperCase().padEnd(5), printable(msg ?? '')];
  for (const [name, value] of Object.entries(fields)) {
    parts.push(
      `${name}=${typeof value === 'string' ? quoted(value) : printable(JSON.stringify(value))}`,
    );
  }
  if (err !== undefined) parts.push(`error=${quoted(err.message)}`);
  return parts.join(' ');
}

function quoted(value: string): string {
  return printable(/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));
}
