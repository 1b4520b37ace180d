import { readFile } from 'node:fs/promises';
import { fault, type Source } from './checks.ts';

/** What a file or an object holds, and where each entry of a list in it begins. */
export interface Document {
  readonly value: unknown;
  /** The file's text; undefined for what came from code. */
  readonly text: string | undefined;
}

/** Reads and parses a JSON file, strictly UTF-8. */
export async function readDocument(path: string, source: Source): Promise<Document> {
  return parseDocument(await readBytes(path, source), source);
}

/** Reads a file whole. */
export async function readBytes(path: string, source: Source): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fault(
      source,
      `the file cannot be read (${systemCode(error)}); correct the path or its permissions`,
    );
  }
}

/** Parses what a JSON file holds, strictly UTF-8. */
export function parseDocument(bytes: Uint8Array, source: Source): Document {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fault(source, 'the file is not UTF-8; save it as UTF-8');
  }
  if (text.trim() === '') throw fault(source, 'the file is empty; restore it from a copy');
  try {
    return { value: JSON.parse(text), text };
  } catch (error) {
    throw fault(source, `the file is not JSON${placeOfSyntaxError(error, text)}; correct it there`);
  }
}

/** The code of a failed system call, for messages that must not quote more. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function placeOfSyntaxError(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const position = Number(/at position (\d+)/.exec(message)?.[1]);
  if (message.startsWith('Unexpected end') || position >= text.length) return ', it ends too early';
  if (Number.isNaN(position)) return '';
  const before = text.slice(0, position).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
