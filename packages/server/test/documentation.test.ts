import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { limitRanges } from '@sluice/core';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../src/config.ts';
import { checkRules } from '../src/config-rules.ts';
import { configReader } from '../src/config-shape.ts';
import { settings } from '../src/settings.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/server.md', root), 'utf8');
const lines = page.split('\n');

function sources(): string[] {
  const directory = fileURLToPath(new URL('packages/server/src', root));
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${directory}/${name}`, 'utf8'));
}

describe('docs/server.md', () => {
  it.each(Object.values(settings))('has $variable', ({ flag, argument, variable }) => {
    const shown = argument === undefined ? flag : `${flag} ${argument}`;
    expect(page).toContain(`| \`--${shown}\` | \`${variable}\` | `);
  });

  it('has every limit with its default and range, and no others', () => {
    const shown = (value: number) => value.toLocaleString('en-US');
    const begin = lines.indexOf('## Limits');
    const rows = lines.slice(begin, lines.indexOf('## Who may connect'));
    expect(
      rows.filter((row) => row.startsWith('| `')).map((row) => row.split(' | ').slice(0, 4)),
    ).toEqual(
      Object.entries(limitRanges).map(([name, range]) => [
        `| \`${name}\``,
        shown(range.default),
        shown(range.min),
        shown(range.max),
      ]),
    );
  });

  it('has every error code of this package, and no others', () => {
    const thrown = new Set(
      sources()
        .join('')
        .match(/(?<=')SLUICE_[A-Z_]+(?=',)/g),
    );
    for (const { variable } of Object.values(settings)) thrown.delete(variable);
    const begin = lines.indexOf('## Errors');
    const rows = lines.slice(begin, lines.indexOf('## From a program')).join('\n');
    const documented = rows.match(/(?<=^\| `)SLUICE_[A-Z_]+/gm) ?? [];
    expect(documented.toSorted()).toEqual([...thrown].toSorted());
  });

  const examples = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json]) => json ?? '');

  it('has examples of configuration', () => expect(examples.length).toBeGreaterThan(3));

  it.each(examples)('has an example that can be used, number %#', (json) => {
    const config = configReader(1)(JSON.parse(json), { source: 'docs/server.md', key: '' });
    expect(() => checkRules(resolveConfig(config))).not.toThrow();
  });
});
