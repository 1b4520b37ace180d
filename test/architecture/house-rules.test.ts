import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packages, root, type SourceFile } from './sources.ts';

const sources = packages.flatMap((one) => one.sources);
const published = packages.filter(({ manifest }) => manifest.private !== true);

function lines(text: string): number {
  return text.trimEnd().split('\n').length;
}

describe('the repository', () => {
  it('has nothing at the top but what is agreed', () => {
    // What tools leave behind is ignored by git, and begins with a dot or is one of these.
    const leftBehind = ['node_modules', 'coverage', 'data'];
    const entries = readdirSync(root).filter(
      (name) => !name.startsWith('.') && !leftBehind.includes(name),
    );
    expect(entries.toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'docs',
      'package.json',
      'packages',
      'pnpm-lock.yaml',
      'pnpm-workspace.yaml',
      'test',
      'tsconfig.base.json',
    ]);
  });
});

/** Paths of the sources that a rule finds something in. */
function offenders(isBroken: (source: SourceFile) => boolean): string[] {
  return sources.filter(isBroken).map(({ path }) => path);
}

describe('every source file', () => {
  it('has at most 400 lines, and says why in its head when it has more than 300', () => {
    expect(offenders(({ text }) => lines(text) > 400)).toEqual([]);
    // Its head: a comment before the first import.
    const isUnexplained = ({ text }: SourceFile) => lines(text) > 300 && !/^\/[/*]/.test(text);
    expect(offenders(isUnexplained)).toEqual([]);
  });

  it('looks for no file beside it, unless it is of a command: a program that was bundled has none', () => {
    const ofCommands = ['packages/server/src/run.ts', /^packages\/(?:conformance|bench)\//];
    const found = offenders(({ code }) => code.includes('import.meta'));
    expect(found.filter((path) => !ofCommands.some((one) => path.match(one)))).toEqual([]);
  });

  it('has about 100 lines', () => {
    const lengths = published
      .flatMap((one) => one.sources)
      .map(({ text }) => lines(text))
      .toSorted((one, other) => one - other);
    const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
    const p90 = lengths[Math.floor(lengths.length * 0.9)] ?? 0;
    console.log(
      `${lengths.length} files, median ${median} lines, 90 % at most ${p90}, longest ${lengths.at(-1)}`,
    );
    expect(median).toBeLessThanOrEqual(130);
    expect(p90).toBeLessThanOrEqual(300);
  });

  it('has a name in kebab-case that says something', () => {
    const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
    const empty = /^(?:utils?|helpers?|common|misc|types)$|manager|impl$/;
    const isBad = (name: string) => !kebabCase.test(name) || empty.test(name);
    expect(offenders(({ path }) => isBad(basename(path, '.ts')))).toEqual([]);
  });

  it('does not escape the type checker', () => {
    expect(offenders(({ code }) => /(?:[:<|&,(]|\bas)\s*any\b/.test(code))).toEqual([]);
    expect(offenders(({ text }) => /@ts-(?:ignore|expect-error|nocheck)/.test(text))).toEqual([]);
  });

  it('has no enum, namespace or default export', () => {
    const unwanted = /^\s*(?:export )?(?:(?:const )?enum|namespace|module) \w|\bexport default\b/m;
    expect(offenders(({ code }) => unwanted.test(code))).toEqual([]);
  });
});
