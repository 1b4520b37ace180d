import { describe, expect, it } from 'vitest';
import { findCycles } from './cycles.ts';
import { codeOf, importsOf } from './sources.ts';

// A check that finds nothing proves nothing: these are the faults that it would have to find.

describe('importsOf', () => {
  it('finds every form of import', () => {
    const text = `
      import a from 'a';
import b from './b.ts';
import { type C, type D } from './c.ts';
import { type E, f } from './e.ts';
import type { G } from './g.ts';
import {
  type H,
  i,
} from './h.ts';
import './j.ts';
export type { K } from './k.ts';
export { l } from './l.ts';
export * from './m.ts';
const n = await import('./n.ts');
`;
    expect(importsOf(text)).toEqual([
      './b.ts',
      './c.ts',
      './e.ts',
      './g.ts',
      './h.ts',
      './j.ts',
      './k.ts',
      './l.ts',
      './m.ts',
      './n.ts',
    ]);
  });
});

describe('codeOf', () => {
  it('hides what is said in comments, strings, templates and regular expressions', () => {
    const text = `
      // Date.now
      /* Date.now */
      const a = 'Date.now \\' Date.now' + "Date.now";
      const b = \`Date.now\`;
      const c = /Date.now['"]/.test(a);
    `;
    expect(codeOf(text)).not.toContain('Date.now');
  });

  it('leaves code as it is, also in a template', () => {
    expect(codeOf("const a = b / c; Date.now(); const d = 'e' / f;")).toContain('Date.now()');
    expect(codeOf(`const a = \`x \${Date.now()} y\`;`)).toContain('Date.now()');
  });
});

describe('findCycles', () => {
  it('finds every circle, and nothing else', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', ['d', 'f']],
      ['f', []],
    ]);
    expect(findCycles(edges).toSorted()).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });
});
