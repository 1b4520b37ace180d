import { beforeAll, expect, test } from 'vitest';
import type { Fault } from './report.ts';
import { buildFaultyServer } from './server-under-test.ts';
import { Trial } from './trial.ts';

const timeoutMs = 600_000;
const searchMs = 540_000;

beforeAll(() => buildFaultyServer(), timeoutMs);

/** What each server of faulty-server.ts does, and what the trial is to call it. */
const brokenServers: readonly [story: string, fault: string, found: Fault][] = [
  ['acknowledges before it stores', 'early-answer', 'lost'],
  ['forgets the identifiers of QoS 2', 'no-identifiers', 'doubled'],
  ['does not store retained messages', 'no-retained', 'retained'],
  ['does not store that retained messages are deleted', 'no-deletions', 'resurrected'],
  ['does not store subscriptions', 'no-subscriptions', 'subscriptions'],
  ['does not store that sessions end', 'no-ends', 'resurrected'],
  ['does not store wills', 'no-wills', 'wills'],
  ['does not store sessions', 'no-sessions', 'sessions'],
  ['gives queues back to front', 'no-order', 'reordered'],
];

test.concurrent.each(brokenServers)(
  'a server that %s is found out',
  async (_story, fault, found) => {
    let times = 0;
    const latest = performance.now() + searchMs;
    // Which of the clients' doings a kill hits is up to chance.
    for (let seed = 1; times === 0 && performance.now() < latest; seed++) {
      const options = { durability: 'write', fault, seed, kills: 5, isSlow: false } as const;
      const { broken } = await Trial.run({ ...options, keepsData: false, until: found });
      times = broken[found];
    }
    expect(times).toBeGreaterThan(0);
  },
  timeoutMs,
);
