import { expect, test } from 'vitest';
import { HeldClients, type LoadedConnection } from '../src/overload/held-clients.ts';

class FakeConnection implements LoadedConnection {
  readonly memoryBytes = 0;
  closed = false;
  isHeld = false;
  sips = 0;
  told = 0;
  published: number;

  constructor(published: number) {
    this.published = published;
  }

  takePublishedBytes(): number {
    return this.published;
  }

  holdBack(): void {
    this.isHeld = true;
  }

  letGo(): void {
    this.isHeld = false;
    this.sips++;
  }

  tellHeld(): void {
    this.told++;
  }

  watchStall(): void {}
}

/** Notes all of them, and holds back as many as the level says. */
function hold(
  held: HeldClients,
  connections: readonly FakeConnection[],
  ...args: Parameters<HeldClients['hold']>
): void {
  for (const connection of connections) held.note(connection);
  for (const _ of held.hold(...args));
}

const heldOf = (connections: readonly FakeConnection[]) =>
  connections.filter(({ isHeld }) => isHeld).map(({ published }) => published);

test.each([
  ['slowing', [60]],
  ['dropping', [60, 30]],
  ['refusing', [60, 30, 6, 4]],
] as const)('%s holds back who published most', (level, expected) => {
  const connections = [4, 60, 0, 30, 6].map((bytes) => new FakeConnection(bytes));
  const held = new HeldClients();
  hold(held, connections, level, 0);
  expect(heldOf(connections).toSorted((one, other) => other - one)).toEqual(expected);
  expect(held.size).toBe(expected.length);
  expect(connections.reduce((sum, { told }) => sum + told, 0)).toBe(expected.length);
});

test('who is held back is read a little every second, the same for all', () => {
  const connections = Array.from({ length: 40 }, () => new FakeConnection(1));
  const held = new HeldClients();
  hold(held, connections, 'refusing', 0);
  hold(held, connections, 'refusing', 999);
  expect(connections.every(({ sips }) => sips === 0)).toBe(true);
  for (const at of [1_000, 1_250, 1_500]) hold(held, connections, 'refusing', at);
  expect(connections.every(({ sips, isHeld }) => sips === 1 && isHeld)).toBe(true);
});

test('who is gone is forgotten', () => {
  const connection = new FakeConnection(1);
  const held = new HeldClients();
  hold(held, [connection], 'refusing', 0);
  connection.closed = true;
  hold(held, [], 'refusing', 250);
  expect(held.size).toBe(0);
});

test('they are let go a few at a time', () => {
  const connections = Array.from({ length: 100 }, () => new FakeConnection(1));
  const held = new HeldClients();
  hold(held, connections, 'refusing', 0);
  const left: number[] = [];
  while (held.size > 0) {
    held.release();
    left.push(held.size);
  }
  expect(left.slice(0, 3)).toEqual([75, 56, 42]);
  expect(heldOf(connections)).toEqual([]);
});
