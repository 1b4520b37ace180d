import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EndedSessions } from '../src/ended-sessions.ts';
import { References } from '../src/references.ts';

// Numbers that lie close, far apart, and so that they collide in a table of few slots.
const number = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 40 }).map((n) => n * 4096),
  fc.integer({ min: 1, max: 40 }).map((n) => 2 ** 32 * n + 1),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);

test('references are counted as a Map would count them', () => {
  const step = fc.tuple(fc.boolean(), number);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const references = new References();
      const model = new Map<number, number>();
      for (const [add, message] of steps) {
        const count = model.get(message) ?? 0;
        if (add) references.add(message);
        else expect(references.remove(message)).toBe(count === 0 ? undefined : count - 1);
        const after = add ? count + 1 : Math.max(0, count - 1);
        if (after === 0) model.delete(message);
        else model.set(message, after);
        expect(references.count(message)).toBe(after);
      }
      expect(new Map(references.entries())).toEqual(model);
      expect(references.size).toBe(model.size);
    }),
  );
});

test('tables grow with their content and shrink again', () => {
  const references = new References();
  const total = 50_000;
  for (let i = 1; i <= total; i++) references.add(i * 4096);
  expect(references.size).toBe(total);
  for (let i = 1; i <= total; i++) expect(references.count(i * 4096)).toBe(1);
  for (let i = total; i >= 1; i--) references.remove(i * 4096);
  expect(references.size).toBe(0);
  expect([...references.entries()]).toEqual([]);
});

test('ended sessions are told apart from their neighbours', () => {
  fc.assert(
    fc.property(fc.uniqueArray(number, { minLength: 2 }), ([first = 0, ...others]) => {
      const ended = new EndedSessions();
      for (const session of others) ended.add(session);
      expect(ended.has(first)).toBe(false);
      ended.add(first);
      for (const session of others) ended.remove(session);
      expect(others.some((session) => ended.has(session))).toBe(false);
      expect(ended.has(first)).toBe(true);
    }),
  );
});
