import { type Block, type Page, pages } from './pages.ts';

/** Code of a page that runs by itself: one block, or several that are marked with one name. */
export interface Program {
  /** Tells where it stands: `docs/hooks.md:120`. */
  readonly name: string;
  readonly page: string;
  readonly code: string;
  /** What its `console.log(...); // text` lines say that it prints. */
  readonly prints: readonly string[];
  /** It has tests of its own, and ends when they are through. */
  readonly isTest: boolean;
}

const runnable = new Set(['ts', 'js']);

const setupPrelude = `import { parseSharedFilter, ReasonCode } from '@sluice/packet';
import { allow, deny, drop, OverflowAction, proceed } from '@sluice/plugin';
import { live } from '../a-life.ts';
`;

/** Every program of the pages. */
export const programs: readonly Program[] = pages.flatMap(programsOf);

/** Files that a page shows, by name: users, rules, modules that its programs import. */
export function filesOf(path: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { marker, code } of pages.find((page) => page.path === path)?.blocks ?? []) {
    if (marker?.kind === 'file') files.set(marker.value, code);
  }
  return files;
}

/** Blocks in a language that could run, but do not. */
export const notRun: readonly Block[] = pages
  .flatMap(({ blocks }) => blocks)
  .filter(({ language, marker }) => runnable.has(language) && marker?.kind === 'not run');

function programsOf({ path, blocks }: Page): Program[] {
  const parts = new Map<string, Block[]>();
  for (const block of blocks) {
    const { language, marker, line } = block;
    if (!runnable.has(language) || marker?.kind === 'not run' || marker?.kind === 'file') continue;
    const key = marker === undefined ? `line ${line}` : marker.value;
    const others = parts.get(key);
    if (others === undefined) parts.set(key, [block]);
    else others.push(block);
  }
  return Array.from(parts.values(), (members) => {
    const code = codeOf(members);
    return {
      name: `${path}:${members[0]?.line}`,
      page: path,
      code,
      prints: Array.from(
        code.matchAll(/^\s*console\.log\(.*\);? \/\/ (.+)$/gm),
        ([, text]) => text ?? '',
      ),
      isTest: code.includes("'node:test'"),
    };
  });
}

function codeOf(blocks: readonly Block[]): string {
  if (blocks[0]?.marker?.kind !== 'in setup') return blocks.map(({ code }) => code).join('\n');
  const lives = blocks.map(
    ({ page, line, code }) => `await live('${page}:${line}', async (context) => {\n${code}\n});\n`,
  );
  return setupPrelude + lives.join('\n');
}
