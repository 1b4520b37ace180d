import { expect, test } from 'vitest';
import { ReferenceChanges } from '../src/reference-changes.ts';
import { References } from '../src/references.ts';

test('a message is unreferenced when nothing refers to it at the end of the commit', () => {
  const references = new References();
  references.add(1);
  references.add(2, 2);
  const changes = new ReferenceChanges(references);
  changes.stored(10);
  changes.add(10);
  changes.stored(11);
  changes.stored(12);
  changes.add(12);
  changes.giveBack(12);
  changes.stored(13);
  changes.add(13, 0);
  changes.giveBack(1);
  changes.giveBack(2);
  expect([...changes.unreferenced()].sort((a, b) => a - b)).toEqual([1, 11, 12, 13]);
});

test('a commit that is undone leaves the counts as they were, and done again as it had left them', () => {
  const references = new References();
  references.add(1, 2);
  references.add(2);
  const before = new Map(references.entries());
  const changes = new ReferenceChanges(references);
  changes.stored(3);
  changes.add(3, 5);
  changes.add(4, 0);
  changes.giveBack(1);
  changes.giveBack(2);
  changes.giveBack(7);
  const after = new Map(references.entries());
  expect(after).toEqual(
    new Map([
      [1, 1],
      [3, 5],
    ]),
  );
  changes.undo();
  expect(new Map(references.entries())).toEqual(before);
  changes.redo();
  expect(new Map(references.entries())).toEqual(after);
});
