import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matchesName, parseNamePattern } from '../src/rules/name-pattern.ts';

it('matches as the regular expression that it stands for', () => {
  const text = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 8 });
  fc.assert(
    fc.property(text('a', 'b', '*', '.'), text('a', 'b', '.'), (pattern, name) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
      expect(matchesName(parseNamePattern(pattern), name)).toBe(
        new RegExp(`^${source}$`).test(name),
      );
    }),
    { numRuns: 2_000, seed: 4 },
  );
});

it('is done with a hostile name at once', () => {
  const pattern = parseNamePattern('*a*a*a*a*a*a*a*a*b');
  expect(matchesName(pattern, 'a'.repeat(65_535))).toBe(false);
});
