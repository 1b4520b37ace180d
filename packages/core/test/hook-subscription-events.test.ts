import { describe, expect, it } from 'vitest';
import { applySubscribe, applyUnsubscribe } from '../src/hooks/hook-subscription-events.ts';
import { client, subscribeEvent } from './support/hooks.ts';

const refusal = expect.objectContaining({ code: 'SLUICE_HOOK_ANSWER' });

describe('applySubscribe', () => {
  const [first, second] = subscribeEvent.subscriptions as [
    (typeof subscribeEvent.subscriptions)[number],
    (typeof subscribeEvent.subscriptions)[number],
  ];

  it('puts other subscriptions in the place of each', () => {
    const other = { ...second, filter: 'tenant/b', qos: 0 as const, noLocal: false };
    const changed = applySubscribe(subscribeEvent, [first, { ...other, extra: 1 } as typeof other]);
    expect(changed).toStrictEqual({ client, subscriptions: [first, other] });
  });

  it.each([
    [[first]],
    [[first, second, second]],
    [{ 0: first, 1: second, length: 2 }],
    [[first, null]],
    [[first, { ...second, filter: 'a/#/b' }]],
    [[first, { ...second, filter: 7 }]],
    [[{ ...first, qos: 2 }, second]],
    [[first, { ...second, noLocal: 1 }]],
    [[first, { ...second, retainAsPublished: undefined }]],
    [[first, { ...second, retainHandling: 3 }]],
    [[first, { filter: 'b' }]],
  ])('refuses %j', (changes) => {
    expect(() => applySubscribe(subscribeEvent, changes as never)).toThrow(refusal);
  });
});

describe('applyUnsubscribe', () => {
  const event = { client, filters: ['a/+', 'b'] };

  it('puts other filters in the place of each', () => {
    expect(applyUnsubscribe(event, ['t/a/+', '$share/g/b'])).toEqual({
      client,
      filters: ['t/a/+', '$share/g/b'],
    });
  });

  it.each([
    [['a']],
    [['a', 'b', 'c']],
    [['a', '']],
    [['a', '#/b']],
    [['a', undefined]],
    [{ 0: 'a', 1: 'b', length: 2 }],
    ['ab'],
  ])('refuses %j', (changes) => {
    expect(() => applyUnsubscribe(event, changes as never)).toThrow(refusal);
  });
});
