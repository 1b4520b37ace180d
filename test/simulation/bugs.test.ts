import { expect, test } from 'vitest';
import { foundAt } from './bugs/found-at.ts';
import { bugs } from './bugs/index.ts';
import { findBugs } from './swarm.ts';

test('every planted bug is found within 1,000 seeds', { timeout: 300_000 }, async () => {
  const findings = await findBugs(
    bugs.map(({ name }) => name),
    1_000,
    2,
    foundAt,
  );
  const missed = findings.filter(({ violation }) => violation === undefined);
  expect(missed.map(({ bug }) => bug)).toEqual([]);
  expect(findings.length).toBe(bugs.length);
  expect(bugs.length).toBeGreaterThanOrEqual(24);
});
