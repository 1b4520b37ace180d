import { OverflowAction, type SelectSharedEvent } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, overflowEvent } from './support/hooks.ts';
import { aMessage } from './support/messages.ts';

const member = { ready: true, connected: true, unacknowledged: 0 };

const groupEvent: SelectSharedEvent = {
  sharedFilter: '$share/g/a/#',
  message: aMessage(),
  members: [
    { clientId: 'one', ...member },
    { clientId: 'two', ...member },
  ],
};

describe.each([
  ['overflow', overflowEvent, OverflowAction.dropOldest, OverflowAction.disconnect],
  ['selectShared', groupEvent, 'two', 'one'],
] as const)('%s', (name, event, choice, other) => {
  const choose = (...hooks: unknown[]) => {
    const { table, errors } = aTable();
    for (const hook of hooks) table.add('p', name as 'overflow', hook as () => undefined);
    const run = table.runners()[name] as (event: unknown) => unknown;
    return { choice: run(event), errors };
  };

  it('is what the first hook with an opinion says', () => {
    expect(
      choose(
        () => {},
        () => choice,
        () => other,
      ).choice,
    ).toBe(choice);
    expect(choose(() => {})).toEqual({ choice: undefined, errors: [] });
  });

  it.each([
    ['throws', () => JSON.parse('{')],
    ['answers a promise', async () => choice],
    ['answers what is no choice', () => 'nobody'],
    ['answers null', () => null],
  ])('is what the next hook says, when one %s, which is reported', (_, hook) => {
    const { choice: chosen, errors } = choose(hook, () => other);
    expect(chosen).toBe(other);
    expect(errors).toMatchObject([{ code: 'SLUICE_HOOK_FAILED' }]);
    expect(choose(hook).choice).toBeUndefined();
  });
});
