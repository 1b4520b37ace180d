import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What the comment above a fence says of it:
 *
 *     <!-- program: name -->   blocks with one name are one program
 *     <!-- in setup: name -->  the body of a plug-in's setup, which is put through the life of a connection
 *     <!-- file: name -->      a file that the programs of the page find beside them
 *     <!-- not run: why -->    nothing to run, for this reason
 */
export interface Marker {
  readonly kind: 'program' | 'in setup' | 'file' | 'not run';
  readonly value: string;
}

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly marker: Marker | undefined;
}

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** README.md and everything under docs. */
export const pages: readonly Page[] = ['README.md', ...pagesUnder('docs')].flatMap(readPage);

/** What each package says of itself where it is published. */
export const readmes: readonly Page[] = readdirSync(join(root, 'packages'))
  .map((directory) => `packages/${directory}/README.md`)
  .flatMap(readPage);

export function pageNamed(path: string): Page {
  const found = pages.find((page) => page.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

/** The text below a heading, up to the next one of the same level or above. */
export function section({ text, path }: Page, heading: string): string {
  const lines = textOnly(text).split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new Error(`${path} has no heading ${heading}`);
  const level = heading.indexOf(' ');
  const isEnd = (line: string) => /^#+ /.test(line) && line.indexOf(' ') <= level;
  const length = lines.slice(start + 1).findIndex(isEnd);
  return text
    .split('\n')
    .slice(start + 1, length === -1 ? undefined : start + 1 + length)
    .join('\n');
}

/** The page with its fenced blocks emptied: a comment in a shell script is no heading. */
export function textOnly(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ''));
}

/** Rows of the tables in a text, as cells. */
export function tableRows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

function pagesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory()) return pagesUnder(path);
      return path.endsWith('.md') ? [path] : [];
    })
    .sort();
}

function readPage(path: string): Page[] {
  if (!existsSync(join(root, path))) return [];
  const text = readFileSync(join(root, path), 'utf8');
  return [{ path, text, blocks: readBlocks(path, text) }];
}

function readBlocks(page: string, text: string): Block[] {
  const fences = text.matchAll(/(?:^<!-- ([^>]*?) -->\n\n?)?^```([^\n`]*)\n([\s\S]*?)^```$/gm);
  return Array.from(fences, ({ 1: comment, 2: language = '', 3: code = '', 0: found, index }) => {
    const line = text.slice(0, index + found.indexOf('```')).split('\n').length;
    return { page, line, language, code, marker: readMarker(comment, `${page}:${line}`) };
  });
}

function readMarker(comment: string | undefined, place: string): Marker | undefined {
  if (comment === undefined) return undefined;
  const parts = /^(program|in setup|file|not run): (.+)$/s.exec(comment);
  if (parts === null)
    throw new Error(`${place}: the comment "${comment}" says nothing to the tests`);
  return { kind: parts[1] as Marker['kind'], value: parts[2] as string };
}
