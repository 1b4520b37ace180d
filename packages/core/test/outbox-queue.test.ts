import { expect, test } from 'vitest';
import { Stats } from '../src/base/stats.ts';
import type { Context } from '../src/context/context.ts';
import { packetIds, passed } from '../src/outbox/outbox-entry.ts';
import { OutboxQueue } from '../src/outbox/outbox-queue.ts';
import type { QueueOwner } from '../src/outbox/waiting-queue.ts';

function aQueue() {
  const stats = new Stats();
  const owner = { number: 1, stored: false } as unknown as QueueOwner;
  return { queue: new OutboxQueue(owner, { stats } as unknown as Context), stats };
}

test('what passed counts until its packet identifier is acknowledged', () => {
  const { queue, stats } = aQueue();
  expect([queue.pass(), queue.pass(), queue.pass()]).toEqual([1, 2, 3]);
  expect([queue.size, queue.inflight, queue.bytes, queue.isSent]).toEqual([3, 3, 0, true]);
  const sequence = queue.sequenceOf(2);
  expect(queue.inFlight(sequence)).toBe(passed);
  queue.end(sequence, passed);
  expect(queue.inFlight(queue.sequenceOf(2))).toBeUndefined();
  expect([queue.size, queue.inflight]).toEqual([2, 2]);
  expect([stats.queuedMessages, stats.inflightMessages]).toEqual([2, 2]);
});

test('nothing passes under the packet identifier of what is not acknowledged', () => {
  const { queue } = aQueue();
  queue.pass();
  for (let packetId = 2; packetId <= packetIds; packetId++) {
    expect(queue.isClear).toBe(true);
    queue.pass();
    queue.end(queue.sequenceOf(packetId), passed);
  }
  expect([queue.inflight, queue.isClear]).toEqual([1, false]);
  queue.end(queue.sequenceOf(1), passed);
  expect([queue.isClear, queue.pass()]).toEqual([true, 1]);
});
