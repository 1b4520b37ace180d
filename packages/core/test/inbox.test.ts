import type { Operation } from '@sluice/plugin';
import { expect, test } from 'vitest';
import type { Commits } from '../src/commits/commits.ts';
import { Inbox } from '../src/session/inbox.ts';

function anInbox({ isStored }: { isStored: boolean }) {
  const operations: Operation[] = [];
  const commits = { add: (operation: Operation) => operations.push(operation) };
  return {
    inbox: new Inbox(7, isStored ? (commits as unknown as Commits) : undefined),
    operations,
  };
}

test('an identifier is held until it is released, and committed both times', () => {
  const { inbox, operations } = anInbox({ isStored: true });
  expect(inbox.release(5)).toBe(false);
  inbox.hold(5);
  inbox.hold(6);
  expect([inbox.has(5), inbox.has(4), inbox.size]).toEqual([true, false, 2]);
  expect([inbox.release(5), inbox.release(5), inbox.has(5), inbox.size]).toEqual([
    true,
    false,
    false,
    1,
  ]);
  expect(operations).toEqual([
    { type: 'receive', session: 7, packetId: 5 },
    { type: 'receive', session: 7, packetId: 6 },
    { type: 'complete', session: 7, packetId: 5 },
  ]);
});

test('what is restored is not committed again', () => {
  const { inbox, operations } = anInbox({ isStored: true });
  inbox.restore(9);
  expect([inbox.has(9), inbox.size, operations]).toEqual([true, 1, []]);
});

test('a session without a tomorrow commits nothing', () => {
  const { inbox, operations } = anInbox({ isStored: false });
  inbox.hold(1);
  expect([inbox.release(1), operations]).toEqual([true, []]);
});
