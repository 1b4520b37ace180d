import { beforeEach, describe, expect, it } from 'vitest';
import { Turn } from '../src/base/turn.ts';
import { CommitNews, type CommitWaiter } from '../src/commits/commit-news.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

let environment: VirtualEnvironment;
let told: number[];
let idle: number;
let news: CommitNews;

beforeEach(() => {
  environment = new VirtualEnvironment();
  told = [];
  idle = 0;
  news = new CommitNews(new Turn(environment), environment, () => idle++);
});

function waiters(from: number, count: number, ms = 0): CommitWaiter[] {
  return Array.from({ length: count }, (_, index) => ({
    onCommitted: () => {
      environment.block(ms);
      told.push(from + index);
    },
  }));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe('CommitNews', () => {
  it('tells a few at once', () => {
    news.tell(waiters(0, 1_000));
    expect(told).toEqual(upTo(1_000));
    expect([news.isIdle, environment.deferred, idle]).toEqual([true, 0, 0]);
  });

  it('stops soon where a few take long, and tells the others in the next turns', () => {
    news.tell(waiters(0, 1_000, 0.1));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(100);
    expect(news.isIdle).toBe(false);
    environment.runDeferred();
    expect(told).toEqual(upTo(1_000));
    expect([news.isIdle, idle]).toEqual([true, 1]);
  });

  it('tells everybody of a failure at once', () => {
    const failures: unknown[] = [];
    const failure = new Error('no more');
    const waiter = { onCommitted: (each: unknown) => void failures.push(each) };
    news.tell(
      Array.from({ length: 2_000 }, () => waiter),
      failure,
    );
    expect(failures).toEqual(Array.from({ length: 2_000 }, () => failure));
  });

  it('tells many over several turns, in order', () => {
    news.tell(waiters(0, 2_500));
    expect([told.length, news.isIdle]).toEqual([0, false]);
    environment.runTurn();
    expect(told).toEqual(upTo(1_000));
    environment.runDeferred();
    expect(told).toEqual(upTo(2_500));
    expect([news.isIdle, idle]).toEqual([true, 1]);
  });

  it('stops soon when the time of its slice is over', () => {
    news.tell(waiters(0, 1_001, 0.1));
    environment.runTurn();
    expect(told.length).toBeLessThan(100);
    environment.runDeferred();
    expect(told).toEqual(upTo(1_001));
  });

  it('tells those who come meanwhile behind the others, however few they are', () => {
    news.tell(waiters(0, 2_000));
    environment.runTurn();
    news.tell(waiters(2_000, 1));
    expect(told).toHaveLength(1_000);
    environment.runDeferred();
    expect(told).toEqual(upTo(2_001));
  });

  it('tells those who come while the last of the others are told', () => {
    const last: CommitWaiter = { onCommitted: () => news.tell(waiters(2_000, 1)) };
    news.tell([...waiters(0, 2_000), last]);
    environment.runDeferred();
    expect(told).toEqual(upTo(2_001));
    expect([news.isIdle, idle]).toEqual([true, 1]);
  });

  it('tells everybody when it has to finish', () => {
    news.tell(waiters(0, 3_000));
    environment.runTurn();
    news.finish();
    expect([told, news.isIdle]).toEqual([upTo(3_000), true]);
    environment.runDeferred();
    expect(told).toHaveLength(3_000);
  });
});
