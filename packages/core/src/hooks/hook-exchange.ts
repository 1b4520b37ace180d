import { ReasonCode } from '@sluice/packet';
import { type Deny, deny, type ExchangeGrant, type Proceed } from '@sluice/plugin';
import { checkBinary } from './change-message.ts';
import { type DecideRules, failedDenial, readVerdict } from './hook-decide.ts';
import { checkExchangeGrant } from './hook-grants.ts';
import type { ExchangeRunner, ExchangeStep } from './hook-runners.ts';
import type { RegisteredHook } from './registered-hook.ts';

const unknownMethod: Deny = Object.freeze(
  deny(ReasonCode.badAuthenticationMethod, 'the authentication method is not supported'),
);

const rules: DecideRules<ExchangeGrant> = {
  byDefault: unknownMethod,
  checkGrant: checkExchangeGrant,
  mergeGrants: undefined,
};

/** Makes the runner of `exchange`: the first hook with an opinion knows the method, and decides alone. */
export function exchangeRunner(hooks: readonly RegisteredHook[]): ExchangeRunner | undefined {
  if (hooks.length === 0) return undefined;
  const ask: (event: Parameters<ExchangeRunner>[0], from: number) => ReturnType<ExchangeRunner> = (
    event,
    from,
  ) => {
    for (let index = from; index < hooks.length; index++) {
      const hook = hooks[index] as RegisteredHook;
      const answer = hook.call(event);
      if (answer instanceof Promise) {
        return answer.then((late) => readStep(hook, late) ?? ask(event, index + 1));
      }
      const step = readStep(hook, answer);
      if (step !== undefined) return step;
    }
    return unknownMethod;
  };
  return (event) => ask(event, 0);
}

function readStep(hook: RegisteredHook, answer: unknown): ExchangeStep | undefined {
  if (!isProceed(answer)) return readVerdict(hook, answer, rules);
  try {
    if (answer.data !== undefined) checkBinary('data', answer.data);
    hook.succeed();
    return answer;
  } catch (thrown) {
    hook.fail(thrown);
    return failedDenial;
  }
}

function isProceed(answer: unknown): answer is Proceed {
  return typeof answer === 'object' && answer !== null && 'proceed' in answer;
}
