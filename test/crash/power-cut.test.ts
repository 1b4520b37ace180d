import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random } from '../differential/random.ts';
import { cutPower } from './power-loss/power-cut.ts';

let directory: string;
let lines: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-power-'));
  mkdirSync(join(directory, 'data'));
  mkdirSync(join(directory, 'journal', 'kept'), { recursive: true });
  lines = [];
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function path(name: string): string {
  return join(directory, 'data', name);
}

function inode(name: string): number {
  return statSync(path(name)).ino;
}

/** Creates a file as record.c would write it down; `synced` bytes of it, and `operations` before, are on the disk. */
function create(name: string, content: string, synced?: number, operations = 1): void {
  writeFileSync(path(name), content);
  lines.push(`C\t${path(name)}`, `I\t${inode(name)}\t${path(name)}`);
  if (synced !== undefined) lines.push(`S\t${inode(name)}\t${synced}\t${operations}`);
}

function cut(seed: number): void {
  writeFileSync(join(directory, 'journal', 'journal'), lines.map((line) => `${line}\n`).join(''));
  cutPower(path(''), join(directory, 'journal'), new Random(seed));
}

/** What is left of a file after many power cuts, each of the same state. */
function outcomes(name: string, prepare: () => void): Set<string | undefined> {
  const found = new Set<string | undefined>();
  for (let seed = 0; seed < 60; seed++) {
    rmSync(path(''), { recursive: true, force: true });
    mkdirSync(path(''));
    lines = [];
    prepare();
    cut(seed);
    found.add(existsSync(path(name)) ? readFileSync(path(name), 'latin1') : undefined);
  }
  return found;
}

test('a power cut takes nothing that was synced, and anything of the rest', () => {
  const found = outcomes('a.log', () => create('a.log', 'kept lost', 4));
  for (const content of found) expect(content?.startsWith('kept')).toBe(true);
  expect(found).toContain('kept');
  expect(found).toContain('kept lost');
  expect(found).toContain('kept\0\0\0\0\0');
  expect(found.size).toBeGreaterThan(5);
});

test('a file that was never synced may be gone, empty or there', () => {
  const found = outcomes('a', () => create('a', 'x'));
  expect(found).toEqual(new Set([undefined, '', 'x', '\0']));
});

test('a rename that was not synced may be undone, with what it replaced', () => {
  const found = outcomes('b', () => {
    create('b', 'old', 3);
    create('a', 'new', 3, 2);
    linkSync(path('b'), join(directory, 'journal', 'kept', '2'));
    lines.push(`R\t${inode('a')}\t${path('a')}\t${path('b')}\t2`);
    renameSync(path('a'), path('b'));
  });
  expect(found).toEqual(new Set(['old', 'new']));
});

test('what came before a synced operation is not undone', () => {
  const found = outcomes('a', () => {
    create('a', '');
    create('b', 'x', 1, 2);
  });
  expect(found).toEqual(new Set(['']));
});

test('what the model does not know is said', () => {
  lines.push('X\toverwrites 7 at 0');
  expect(() => cut(1)).toThrow('overwrites 7 at 0');
});
