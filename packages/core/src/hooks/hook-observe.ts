import { awaitStart, type StartSurroundings } from './await-start.ts';
import { HookFailure } from './hook-failure.ts';
import type { ObserveRunner } from './hook-runners.ts';
import type { RegisteredHook } from './registered-hook.ts';

const nothing: Readonly<Record<never, never>> = Object.freeze({});

/** Makes the runner of a hook that observes; undefined without hooks. */
export function observeRunner<Event>(
  hooks: readonly RegisteredHook[],
): ObserveRunner<Event> | undefined {
  const [only] = hooks;
  if (only === undefined) return undefined;
  if (hooks.length === 1) return (event) => only.notify(event);
  return (event) => {
    for (const hook of hooks) hook.notify(event);
  };
}

/** Makes the runner of `start`: one hook after the other, rejecting with the first failure. */
export function startRunner(
  hooks: readonly RegisteredHook[],
  surroundings: StartSurroundings,
): (() => Promise<void>) | undefined {
  if (hooks.length === 0) return undefined;
  return async () => {
    for (const hook of hooks) {
      const what = `The hook start of plug-in ${hook.statistics.plugin}`;
      const answer = await awaitStart(hook.call(nothing), what, surroundings);
      if (answer instanceof HookFailure) throw answer.error;
    }
  };
}

/** Makes the runner of `close`: one hook after the other, the last first, whatever happens. */
export function closeRunner(hooks: readonly RegisteredHook[]): (() => Promise<void>) | undefined {
  if (hooks.length === 0) return undefined;
  return async () => {
    for (const hook of hooks.toReversed()) await hook.call(nothing);
  };
}
