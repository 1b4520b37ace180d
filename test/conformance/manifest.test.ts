import { readdirSync, readFileSync } from 'node:fs';
import { allCases, readStatements, type Standard } from '@sluice/conformance';
import { describe, expect, it } from 'vitest';
import { excusedStatements } from './excuses.ts';

// How many statements each standard lists in its summary (appendix B).
const statementCounts: Readonly<Record<Standard, number>> = { '5.0': 251, '3.1.1': 141 };
const standards = Object.keys(statementCounts) as Standard[];

/** Ids that tests of this folder name by themselves: `covers('5.0', 'MQTT-...', ...)`. */
function idsInTests(standard: Standard): string[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.test.ts') && name !== 'manifest.test.ts')
    .flatMap((name) => {
      const text = readFileSync(`${import.meta.dirname}/${name}`, 'utf8');
      return [...text.matchAll(/\bcovers\(\s*'(5\.0|3\.1\.1)',([^)]*)\)/g)];
    })
    .filter(([, named]) => named === standard)
    .flatMap(([, , ids = '']) => ids.match(/MQTT-[\d.]+-\d+/g) ?? []);
}

function idsInCases(standard: Standard): string[] {
  return allCases.flatMap(({ ids }) => (standard === '5.0' ? ids.v5 : ids.v311) ?? []);
}

describe.each(standards)('the statements of MQTT %s', (standard) => {
  const statements = readStatements(standard);
  const known = new Set(statements.map(({ id }) => id));
  const covered = new Set([...idsInCases(standard), ...idsInTests(standard)]);
  const withStatus = (status: string) => statements.filter((one) => one.status === status);

  it('are all there, once', () => {
    expect(statements.length).toBe(statementCounts[standard]);
    expect(known.size).toBe(statements.length);
  });

  it('are the only ones that cases and tests name', () => {
    expect([...covered].filter((id) => !known.has(id))).toEqual([]);
  });

  it('have a case or a test where they are covered', () => {
    const without = withStatus('covered').filter(({ id }) => !covered.has(id));
    expect(without.map(({ id }) => id)).toEqual([]);
  });

  it('are covered or excused, and nothing else', () => {
    const statuses = new Set(statements.map(({ status }) => status));
    expect([...statuses].sort()).toEqual(['covered', 'excused']);
  });

  it('are counted in the README', () => {
    const row = [
      standard,
      statements.length,
      withStatus('covered').length,
      withStatus('excused').length,
    ];
    const readme = readFileSync(`${import.meta.dirname}/README.md`, 'utf8');
    expect(readme.replaceAll(/ +/g, ' ')).toContain(`| ${row.join(' | ')} |`);
  });

  it('are excused only where it was agreed, and only without a case', () => {
    const excused = withStatus('excused').map(({ id }) => id);
    expect(excused).toEqual(excusedStatements[standard]);
    expect(excused.filter((id) => covered.has(id))).toEqual([]);
  });
});

describe('the cases', () => {
  it('have names in kebab-case that are unique', () => {
    const names = allCases.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('name statements of the standards whose versions they run in', () => {
    const wrong = allCases.filter(({ ids, versions }) => {
      const needsV5 = versions.includes(5);
      const needsV311 = versions.includes(4);
      return needsV5 !== (ids.v5 !== undefined) || (needsV311 && ids.v311 === undefined);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
