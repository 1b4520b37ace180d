import { ReasonCode } from '@sluice/packet';
import { BrokerError, type Drop, drop, isDrop } from '@sluice/plugin';
import { checkString } from './change-message.ts';
import { HookFailure } from './hook-failure.ts';
import type { TransformRunner } from './hook-runners.ts';
import type { RegisteredHook } from './registered-hook.ts';

/** The event with the changes that a hook answered. Throws a BrokerError when they are not allowed. */
export type Apply<Event> = (event: Event, changes: never) => Event;

const failedDrop: Drop = Object.freeze(drop(ReasonCode.implementationSpecificError));
const reasonCodes: ReadonlySet<unknown> = new Set(Object.values(ReasonCode));

/** Makes the runner of a transform; undefined without hooks. */
export function transformRunner<Event extends object>(
  hooks: readonly RegisteredHook[],
  apply: Apply<Event>,
): TransformRunner<Event> | undefined {
  const [only] = hooks;
  if (only === undefined) return undefined;
  if (hooks.length === 1) {
    return (event) => {
      const answer = only.call(event);
      return answer instanceof Promise
        ? answer.then((late) => transformed(only, event, late, apply))
        : transformed(only, event, answer, apply);
    };
  }
  return (event) => transformFrom(hooks, apply, event, 0);
}

/** Makes the runner of a transform that answers at once; undefined without hooks. */
export function transformNowRunner<Event extends object>(
  hooks: readonly RegisteredHook[],
  apply: Apply<Event>,
): ((event: Event) => Event | Drop) | undefined {
  const [only] = hooks;
  if (only === undefined) return undefined;
  if (hooks.length === 1) return (event) => transformed(only, event, only.callNow(event), apply);
  return (event) => {
    let current = event;
    for (const hook of hooks) {
      const result = transformed(hook, current, hook.callNow(current), apply);
      if (isDrop(result)) return result;
      current = result;
    }
    return current;
  };
}

/** Makes the runner of a transform that answers at once and cannot drop; undefined without hooks. */
export function amendNowRunner<Event extends object>(
  hooks: readonly RegisteredHook[],
  apply: Apply<Event>,
): ((event: Event) => Event) | undefined {
  if (hooks.length === 0) return undefined;
  return (event) => {
    let current = event;
    for (const hook of hooks) current = amended(hook, current, hook.callNow(current), apply);
    return current;
  };
}

function transformFrom<Event extends object>(
  hooks: readonly RegisteredHook[],
  apply: Apply<Event>,
  event: Event,
  from: number,
): Event | Drop | Promise<Event | Drop> {
  let current = event;
  for (let index = from; index < hooks.length; index++) {
    const hook = hooks[index] as RegisteredHook;
    const answer = hook.call(current);
    if (answer instanceof Promise) {
      return answer.then((late) => {
        const result = transformed(hook, current, late, apply);
        return isDrop(result) ? result : transformFrom(hooks, apply, result, index + 1);
      });
    }
    const result = transformed(hook, current, answer, apply);
    if (isDrop(result)) return result;
    current = result;
  }
  return current;
}

/** What a hook made of the event; a drop when it failed or answered rubbish. */
function transformed<Event extends object>(
  hook: RegisteredHook,
  event: Event,
  answer: unknown,
  apply: Apply<Event>,
): Event | Drop {
  if (answer instanceof HookFailure) return failedDrop;
  try {
    const result = answer === undefined ? event : read(event, answer, apply);
    hook.succeed();
    return result;
  } catch (thrown) {
    hook.fail(thrown);
    return failedDrop;
  }
}

/** What a hook made of an event that cannot be dropped; as it was when the hook failed or answered rubbish. */
function amended<Event extends object>(
  hook: RegisteredHook,
  event: Event,
  answer: unknown,
  apply: Apply<Event>,
): Event {
  if (answer instanceof HookFailure) return event;
  try {
    const result = answer === undefined ? event : read(event, answer, apply);
    if (isDrop(result)) {
      throw new BrokerError('SLUICE_HOOK_ANSWER', 'it answered drop(), but this cannot be dropped');
    }
    hook.succeed();
    return result;
  } catch (thrown) {
    hook.fail(thrown);
    return event;
  }
}

function read<Event extends object>(
  event: Event,
  answer: unknown,
  apply: Apply<Event>,
): Event | Drop {
  if (typeof answer !== 'object' || answer === null) {
    throw new BrokerError('SLUICE_HOOK_ANSWER', 'it answered neither changes nor drop()');
  }
  if (!isDrop(answer)) return apply(event, answer as never);
  checkDrop(answer);
  return answer;
}

function checkDrop({ dropped, reasonCode, reasonString }: Drop): void {
  if (dropped !== true || !reasonCodes.has(reasonCode)) {
    throw new BrokerError('SLUICE_HOOK_ANSWER', 'it dropped with an unknown reason code');
  }
  if (reasonString !== undefined) checkString('reasonString', reasonString);
}
