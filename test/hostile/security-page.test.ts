import { limitRanges } from '@sluice/core';
import { hookKinds } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { pageNamed, section, tableRows } from '../docs/pages.ts';
import { allAttacks } from './attacks/index.ts';
import { allVectors } from './vectors/index.ts';
import { vectorRows } from './vectors/rows.ts';

const page = pageNamed('docs/security.md');

describe('docs/security.md', () => {
  const rows = tableRows(section(page, '### What hostile peers can do, and what happens'));

  it('has a row for every attack, in the words of the test', () => {
    expect(rows.slice(1)).toEqual(
      allAttacks.map(({ name, outcome, bound }) => [name, outcome, bound]),
    );
  });

  it('names only limits and hooks that exist', () => {
    const known = [...Object.keys(limitRanges), ...Object.keys(hookKinds), '@sluice/limits'];
    const named = rows
      .slice(1)
      .flatMap(([, , bound = '']) => Array.from(bound.matchAll(/`([^`]+)`/g), ([, name]) => name));
    expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });
});

describe('docs/hostile-packets.md', () => {
  it('has a row for every packet, with what becomes of it', () => {
    const rows = tableRows(section(pageNamed('docs/hostile-packets.md'), '## Each packet'));
    expect(rows.slice(1)).toEqual(vectorRows());
  });
});

describe('the attacks', () => {
  it('are all there', () => {
    const ids = new Set(allAttacks.map(({ id }) => id));
    const all = Array.from({ length: 43 }, (_, index) => `S${String(index + 1).padStart(2, '0')}`);
    expect(all.filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('the vectors', () => {
  it('are all there', () => {
    const ids = new Set(allVectors.map(({ id }) => id));
    const all = Array.from({ length: 75 }, (_, index) => `P${String(index + 1).padStart(2, '0')}`);
    expect(all.filter((id) => !ids.has(id))).toEqual([]);
  });
});
