import { expect, test } from 'vitest';
import { Deadlines } from '../src/base/deadlines.ts';
import { Liveness } from '../src/connection/liveness.ts';
import type { Context } from '../src/context/context.ts';
import { defaultLimits, type Limits } from '../src/context/options.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

/** A connection as its liveness sees it: tells what was asked of it. */
class Owner {
  readonly limits: Limits = {
    ...defaultLimits,
    connectTimeoutMs: 1_000,
    closeTimeoutMs: 500,
    stalledTimeoutMs: 3_000,
    maxOutputBytes: 100_000,
  };
  readonly limitsTold: string[] = [];
  readonly output = { pending: 0, taken: 0 };
  readonly reading = { stopped: false };
  readonly told: (number | 'destroyed')[] = [];

  limited(limit: string): void {
    this.limitsTold.push(limit);
  }

  close(reasonCode: number): void {
    this.told.push(reasonCode);
  }

  destroy(): void {
    this.told.push('destroyed');
  }

  onDrain(): void {}
}

function aLiveness() {
  const environment = new VirtualEnvironment();
  const deadlines = new Deadlines(environment, (error) => {
    throw error;
  });
  const owner = new Owner();
  const liveness = new Liveness(owner, {
    environment,
    deadlines,
    overload: { maxOutputBytes: Infinity },
  } as unknown as Context);
  return { environment, owner, liveness, deadlines };
}

test('a CONNECT has to come in time', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.heard();
  environment.advance(999);
  expect(owner.told).toEqual([]);
  environment.advance(1);
  expect(owner.told).toEqual([0xa0]);
  expect(owner.limitsTold).toEqual(['connectTimeoutMs']);
});

test('after CONNECT the keep alive counts, from what was heard last', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.connected(2);
  environment.advance(2_000);
  liveness.heard();
  environment.advance(2_999);
  expect(owner.told).toEqual([]);
  environment.advance(2);
  expect(owner.told).toEqual([0x8d]);
});

test('what came while the event loop was held up is heard before the verdict', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.connected(2);
  environment.block(10_000);
  // The timer fires first; what lies in the socket comes next.
  environment.advance(0);
  liveness.heard();
  environment.advance(2_999);
  expect(owner.told).toEqual([]);
  environment.advance(2);
  expect(owner.told).toEqual([0x8d]);
});

test('silence is no sign while the broker does not read', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.connected(2);
  owner.reading.stopped = true;
  environment.advance(60_000);
  expect(owner.told).toEqual([]);
  owner.reading.stopped = false;
  environment.advance(3_002);
  expect(owner.told).toEqual([0x8d]);
});

test('a closing stream gets a little time, and nothing else is checked', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.connected(2);
  owner.output.pending = 200_000;
  liveness.watchStall();
  liveness.closing();
  environment.advance(499);
  expect(owner.told).toEqual([]);
  environment.advance(1);
  expect(owner.told).toEqual(['destroyed']);
  environment.advance(100_000);
  expect(owner.told).toEqual(['destroyed']);
  expect(owner.limitsTold).toEqual(['closeTimeoutMs']);
});

test('a stream that takes nothing is closed, one that takes anything is not', () => {
  const { environment, owner, liveness } = aLiveness();
  liveness.connected(0);
  owner.output.pending = 200_000;
  liveness.watchStall();
  for (let round = 0; round < 5; round++) {
    environment.advance(2_900);
    // As much came as left.
    owner.output.taken += 10;
    liveness.watchStall();
    environment.advance(100);
  }
  expect(owner.told).toEqual([]);
  environment.advance(3_000);
  expect(owner.told).toEqual([0x97]);
  expect(owner.limitsTold).toEqual(['stalledTimeoutMs']);
});

test('a stream that is below its mark again is left alone', () => {
  const { environment, owner, liveness, deadlines } = aLiveness();
  liveness.connected(0);
  owner.output.pending = 200_000;
  liveness.watchStall();
  owner.output.pending = 100_000;
  environment.advance(100_000);
  expect(owner.told).toEqual([]);
  owner.output.pending = 200_000;
  liveness.watchStall();
  liveness.stop();
  environment.advance(100_000);
  expect([owner.told, deadlines.size]).toEqual([[], 0]);
});
