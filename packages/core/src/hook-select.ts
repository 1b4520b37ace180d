import { BrokerError, type SelectSharedEvent } from '@sluice/plugin';
import type { RegisteredHook } from './registered-hook.ts';

/** Makes the runner of `selectShared`: the first hook that names a member has chosen. */
export function selectRunner(
  hooks: readonly RegisteredHook[],
): ((event: SelectSharedEvent) => string | undefined) | undefined {
  if (hooks.length === 0) return undefined;
  return (event) => {
    for (const hook of hooks) {
      const answer = hook.callNow(event);
      if (answer === undefined || answer instanceof BrokerError) continue;
      if (event.members.some(({ clientId }) => clientId === answer)) return answer as string;
      hook.fail(new BrokerError('SLUICE_HOOK_ANSWER', 'it chose nobody of the members'));
    }
    return undefined;
  };
}
