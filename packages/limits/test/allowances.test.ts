import type { Client } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { Allowances } from '../src/allowances.ts';
import { TokenBucket } from '../src/token-bucket.ts';

const perSecond = { capacity: 1, msPerToken: 1_000, maxDebtMs: Infinity };

function allowances(maxDeparted = 10): Allowances {
  return new Allowances(maxDeparted, ({ connection }, used) => ({
    connection,
    exempt: false,
    messages: used?.messages ?? new TokenBucket(perSecond),
    bytes: undefined,
  }));
}

function connected(clientId: string): Client {
  return { clientId, connection: {} } as Client;
}

describe('Allowances', () => {
  it('keeps one as long as the connection lasts', () => {
    const all = allowances();
    const client = connected('c');
    expect(all.of(client)).toBe(all.of(client));
    all.leave(client, 0);
    expect(all.size).toBe(0);
  });

  it('gives back what was used to who comes again, also by a takeover', () => {
    const all = allowances();
    const [first, second, third] = [connected('c'), connected('c'), connected('c')];
    all.of(first).messages?.take(1, 0);
    expect(all.of(second).messages?.waitMs(1, 0)).toBe(1_000);
    all.leave(first, 0);
    all.leave(second, 0);
    expect(all.of(third).messages?.waitMs(1, 0)).toBe(1_000);
    expect(all.size).toBe(1);
  });

  it('counts a message that comes after its sender left, and keeps nothing more of it', () => {
    const all = allowances();
    const client = connected('c');
    all.of(client);
    all.leave(client, 0);
    all.of(client).messages?.take(1, 0);
    expect(all.size).toBe(0);
    const other = connected('d');
    all.of(other).messages?.take(1, 0);
    all.leave(other, 0);
    expect(all.of(other).messages?.waitMs(1, 0)).toBe(1_000);
    expect(all.size).toBe(1);
  });

  it('forgets those that left first when they are too many', () => {
    const all = allowances(1);
    for (const client of [connected('a'), connected('b')]) {
      all.of(client).messages?.take(1, 0);
      all.leave(client, 0);
    }
    expect(all.size).toBe(1);
    expect(all.of(connected('b')).messages?.waitMs(1, 0)).toBe(1_000);
  });
});
