import {
  BrokerError,
  OverflowAction,
  type OverflowEvent,
  type SelectSharedEvent,
} from '@sluice/plugin';
import { HookFailure } from './hook-failure.ts';
import type { RegisteredHook } from './registered-hook.ts';

type SelectRunner<Event, Choice> = (event: Event) => Choice | undefined;

const overflowActions: ReadonlySet<unknown> = new Set(Object.values(OverflowAction));

/** Makes the runner of `selectShared`: the first hook that names a member has chosen. */
export function selectSharedRunner(
  hooks: readonly RegisteredHook[],
): SelectRunner<SelectSharedEvent, string> | undefined {
  return selectRunner(
    hooks,
    ({ members }, answer) => members.some(({ clientId }) => clientId === answer),
    'it chose nobody of the members',
  );
}

/** Makes the runner of `overflow`: the first hook that names an action has chosen. */
export function overflowRunner(
  hooks: readonly RegisteredHook[],
): SelectRunner<OverflowEvent, OverflowAction> | undefined {
  return selectRunner(
    hooks,
    (_, answer) => overflowActions.has(answer),
    `it answered none of ${[...overflowActions].join(', ')}`,
  );
}

function selectRunner<Event, Choice>(
  hooks: readonly RegisteredHook[],
  isChoice: (event: Event, answer: unknown) => boolean,
  fault: string,
): SelectRunner<Event, Choice> | undefined {
  if (hooks.length === 0) return undefined;
  return (event) => {
    for (const hook of hooks) {
      const answer = hook.callNow(event);
      if (answer instanceof HookFailure) continue;
      if (answer !== undefined && !isChoice(event, answer)) {
        hook.fail(new BrokerError('SLUICE_HOOK_ANSWER', fault));
        continue;
      }
      hook.succeed();
      if (answer !== undefined) return answer as Choice;
    }
    return undefined;
  };
}
