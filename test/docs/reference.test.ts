import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LimitRange, limitRanges } from '@sluice/core';
import { ConnectionEnd, DropReason, hookKinds } from '@sluice/plugin';
import { sysTopics } from '@sluice/sys';
import { describe, expect, it } from 'vitest';
import { packages } from '../architecture/sources.ts';
import { pageNamed, root, section, tableRows, textOnly } from './pages.ts';

const shown = (value: number) => value.toLocaleString('en-US');

describe('docs/limits.md and docs/options.md', () => {
  const rows = tableRows(section(pageNamed('docs/limits.md'), '## Limits of the broker'));
  const source = readFileSync(join(root, 'packages/core/src/base/limits.ts'), 'utf8');

  /** What the source says of a limit: `Sizes. Bytes from 1 to 9; 5 by default. Section 3.1.` */
  function comment(name: string): string {
    const found = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*readonly ${name}:`).exec(
      source,
    );
    return (found?.[1] ?? '').replaceAll(/\s*\n?\s*\*\s|\s+/g, ' ').trim();
  }

  it.each(Object.entries(limitRanges) as [string, LimitRange][])(
    'has %s with its default, range, unit and section',
    (name, { default: byDefault, min, max }) => {
      const row = rows.find(([cell]) => cell === `\`${name}\``);
      expect(row?.slice(1, 4)).toEqual([shown(byDefault), shown(min), shown(max)]);
      const said = comment(name);
      const unit = new RegExp(`\\. ([^.]+) from ${shown(min)} to`).exec(said)?.[1] ?? '';
      expect(row?.[4]?.toLowerCase()).toBe(unit.toLowerCase());
      expect(row?.[5]).toBe(/Section ([\d.]+\d)\./.exec(said)?.[1]);
    },
  );

  it('has every feature with its default, and no others', () => {
    const code = readFileSync(join(root, 'packages/core/src/context/options.ts'), 'utf8');
    const [, defaults = ''] = /defaultFeatures: Features = [^{]*\{([^}]*)\}/.exec(code) ?? [];
    const features = Array.from(defaults.matchAll(/(\w+): (\w+),/g), ([, name, value]) => [
      `\`${name}\``,
      `\`${value}\``,
    ]);
    const [, ...documented] = tableRows(section(pageNamed('docs/options.md'), '## Features'));
    expect(features.length).toBeGreaterThan(0);
    expect(documented.map((row) => row.slice(0, 2))).toEqual(features);
  });

  it('has no limit that does not exist', () => {
    const names = rows.map(([name]) => name).filter((name) => name?.startsWith('`'));
    expect(names.toSorted()).toEqual(
      Object.keys(limitRanges)
        .map((name) => `\`${name}\``)
        .toSorted(),
    );
  });
});

describe('docs/hooks.md', () => {
  const page = pageNamed('docs/hooks.md');

  it.each(Object.entries(hookKinds))(
    'has a section for %s, which is of the kind %s',
    (name, kind) => {
      const text = section(page, `### \`${name}\``);
      expect(tableRows(text).find(([key]) => key === 'kind')?.[1]).toMatch(
        new RegExp(`^${kind}\\b`),
      );
      for (const key of ['moment', 'event', 'answer', 'by default', 'cost']) {
        expect(tableRows(text).find(([cell]) => cell === key)?.[1]).toBeTruthy();
      }
      expect(text).toMatch(/^```ts$/m);
    },
  );

  it('draws every hook in the life of a connection', () => {
    const [drawing] = page.blocks;
    for (const name of Object.keys(hookKinds))
      expect(drawing?.code).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('has no hook that does not exist', () => {
    const sections = Array.from(page.text.matchAll(/^### `(\w+)`$/gm), ([, name]) => name);
    expect(sections.toSorted()).toEqual(Object.keys(hookKinds).toSorted());
  });

  it('has every reason for a drop', () => {
    const reasons = tableRows(section(page, '## Why a message is dropped')).map(
      ([reason]) => reason,
    );
    for (const reason of Object.values(DropReason)) expect(reasons).toContain(`\`${reason}\``);
  });
});

describe('docs/sys.md', () => {
  const page = pageNamed('docs/sys.md');
  const firstCells = (heading: string) =>
    tableRows(section(page, heading)).map(([cell]) => (cell ?? '').replaceAll('`', ''));

  it('has every topic, and no others', () => {
    const words: Readonly<Record<string, readonly string[]>> = {
      '<reason>': Object.values(DropReason),
      '<end>': Object.values(ConnectionEnd),
      '<minutes>': ['1', '5', '15'],
    };
    const topics = firstCells('## Topics')
      .filter((cell) => cell.startsWith('$SYS/'))
      .flatMap((cell) => {
        const [word] = /<\w+>/.exec(cell) ?? [];
        return word === undefined
          ? [cell]
          : (words[word] ?? []).map((one) => cell.replace(word, one));
      });
    expect(topics.toSorted()).toEqual([...sysTopics.keys()].toSorted());
  });

  it('has every reason for the end of a connection', () => {
    expect(firstCells('## Why a connection ended')).toEqual(
      expect.arrayContaining(Object.values(ConnectionEnd)),
    );
  });
});

describe('docs/errors.md', () => {
  const headings = Array.from(
    textOnly(pageNamed('docs/errors.md').text).matchAll(/^### (SLUICE_\w+)$/gm),
    ([, code]) => code ?? '',
  );
  /** Variables of the environment look the same, but are set, not thrown. */
  const variables = readFileSync(join(root, 'packages/server/src/settings.ts'), 'utf8');
  const isVariable = (code: string) => variables.includes(`variable: '${code}'`);
  const thrown = packages
    .filter(({ manifest }) => manifest.private !== true)
    .flatMap(({ sources }) => sources)
    .flatMap(({ text }) =>
      Array.from(text.matchAll(/'(SLUICE_[A-Z0-9_]+)'/g), ([, code]) => code ?? ''),
    )
    .filter((code) => !isVariable(code));

  it('has a heading for every code, and no others', () => {
    expect(headings.toSorted()).toEqual([...new Set(thrown)].toSorted());
  });

  it.each(headings)('says of %s what happened and what to do', (code) => {
    const text = section(pageNamed('docs/errors.md'), `### ${code}`);
    expect(text).toMatch(/What happened/);
    expect(text).toMatch(/What to do/);
  });
});

describe('docs/architecture.md', () => {
  const { text } = pageNamed('docs/architecture.md');

  it('names only files that exist', () => {
    const known = new Set(
      packages.flatMap(({ sources }) => sources.map(({ path }) => path.replace(/^.*\/src\//, ''))),
    );
    const named = Array.from(text.matchAll(/`([\w/-]+\.ts)`/g), ([, name]) => name ?? '');
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has a row for every package', () => {
    const rows = tableRows(section(pageNamed('docs/architecture.md'), '## Packages'));
    const names = rows.map(([name]) => name);
    for (const { manifest } of packages) expect(names).toContain(`\`${manifest.name}\``);
  });
});
