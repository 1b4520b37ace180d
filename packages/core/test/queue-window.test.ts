import type { QueuedMessage } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import type { Context } from '../src/context/context.ts';
import { OutboxEntry } from '../src/outbox/outbox-entry.ts';
import { QueueWindow } from '../src/outbox/queue-window.ts';
import { aMessage } from './support/messages.ts';

function aRecord(sequence: number): QueuedMessage {
  return {
    sequence,
    message: aMessage({ number: sequence }),
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [],
    released: false,
  };
}

const anEntry = (sequence: number) => OutboxEntry.restored(aRecord(sequence));
const sequences = (window: QueueWindow) => [...window].map(({ sequence }) => sequence);

/** A window of four messages, whose reads are answered when the test says so. */
function aWindow() {
  const answers: ((records: readonly QueuedMessage[]) => void)[] = [];
  const asked: number[] = [];
  const ends: number[] = [];
  const context = {
    limits: { windowMessages: 4 },
    commits: { wait: (waiter: { onCommitted(): void }) => waiter.onCommitted() },
    queueReads: {
      read: (_: number, after: number) => {
        asked.push(after);
        return new Promise((resolve) => answers.push(resolve));
      },
    },
  } as unknown as Context;
  let pumps = 0;
  const owner = { number: 1, sink: undefined, pump: () => void pumps++ };
  const window = new QueueWindow(owner, context, 0);
  return {
    window,
    asked,
    ends,
    pumps: () => pumps,
    read: (upTo: number) =>
      window.read(
        upTo,
        () => {},
        (withdrawn) => ends.push(withdrawn),
      ),
    async answer(from: number, to: number) {
      const records = Array.from({ length: to - from }, (_, index) => aRecord(from + index));
      answers.shift()?.(records);
      await Promise.resolve();
    },
  };
}

describe('what is queued while the queue is read', () => {
  test('goes behind what is read, without another read', async () => {
    const { window, read, answer, ends } = aWindow();
    read(2);
    for (const sequence of [2, 3]) expect(window.keep(anEntry(sequence), 0)).toBe(true);
    await answer(0, 2);
    expect(sequences(window)).toEqual([0, 1, 2, 3]);
    expect([window.end, ends]).toEqual([4, [0]]);
  });

  test('is not taken twice where the read found it as well', async () => {
    const { window, read, answer } = aWindow();
    read(2);
    window.keep(anEntry(2), 0);
    await answer(0, 3);
    expect([sequences(window), window.size]).toEqual([[0, 1, 2], 3]);
  });

  test('is left to the disk, all of it, where it is more than a window', async () => {
    const { window, read, answer, asked } = aWindow();
    read(1);
    const kept = [1, 2, 3, 4, 5, 6].map((sequence) => window.keep(anEntry(sequence), 0));
    expect(kept).toEqual([true, true, true, true, false, false]);
    await answer(0, 1);
    expect([sequences(window), window.end]).toEqual([[0], 1]);
    read(7);
    expect(asked).toEqual([-1, 0]);
  });

  test('waits for its turn while more lies on disk', async () => {
    const { window, read, answer, ends } = aWindow();
    read(6);
    window.keep(anEntry(6), 0);
    await answer(0, 4);
    expect([sequences(window), window.end, ends]).toEqual([[0, 1, 2, 3], 4, []]);
    read(7);
    await answer(4, 7);
    expect([window.size, window.end, ends]).toEqual([7, 7, [0]]);
  });

  test('is forgotten where it was taken out, and counted', async () => {
    const { window, read, answer, ends } = aWindow();
    read(2);
    for (const sequence of [2, 3]) window.keep(anEntry(sequence), 0);
    for (const sequence of [1, 2]) window.withdraw(sequence);
    await answer(0, 2);
    expect([sequences(window), ends]).toEqual([[0, 3], [1]]);
  });
});

test('an answer that comes after the client left is nobody’s', async () => {
  const { window, read, answer, ends, pumps } = aWindow();
  read(2);
  window.keep(anEntry(2), 0);
  expect(window.drop()).toBe(0);
  await answer(0, 2);
  expect([sequences(window), ends, pumps()]).toEqual([[], [], 0]);
});
