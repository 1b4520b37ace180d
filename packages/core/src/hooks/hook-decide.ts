import { isFailure, ReasonCode } from '@sluice/packet';
import { type Allow, allow, BrokerError, type Deny, deny } from '@sluice/plugin';
import { checkString, checkUserProperties, refused } from './change-message.ts';
import { HookFailure } from './hook-failure.ts';
import type { DecideNowRunner, DecideRunner } from './hook-runners.ts';
import type { RegisteredHook } from './registered-hook.ts';

/** What differs from one decision to the other. */
export interface DecideRules<Grant> {
  /** When nobody has an opinion. */
  readonly byDefault: Allow<never> | Deny;
  /** Throws a BrokerError when a hook granted what it cannot; undefined where there is nothing to grant. */
  readonly checkGrant: ((grant: unknown) => void) | undefined;
  /** What two hooks granted together; the first one has precedence. */
  readonly mergeGrants: ((first: Grant, second: Grant) => Grant) | undefined;
}

type Decision<Grant> = Allow<Grant> | Deny;

/** What a hook decides that failed: nothing is allowed by an error. */
export const failedDenial: Deny = Object.freeze(deny(ReasonCode.implementationSpecificError));
const reasonCodes: ReadonlySet<unknown> = new Set(Object.values(ReasonCode));

/** As `decideRunner`, of hooks that may have the option `leavesOthers`. */
export function selectiveDecideRunner<Event, Grant>(
  hooks: readonly RegisteredHook[],
  rules: DecideRules<Grant>,
): DecideRunner<Event, Grant> | undefined {
  const decide = decideRunner<Event, Grant>(hooks, rules);
  if (decide === undefined || !hooks.every(({ leavesOthers }) => leavesOthers)) return decide;
  return (event) => (hooks.some((hook) => hook.concerns(event)) ? decide(event) : allow());
}

/** Makes the runner of a decision; undefined without hooks. */
export function decideRunner<Event, Grant>(
  hooks: readonly RegisteredHook[],
  rules: DecideRules<Grant>,
): DecideRunner<Event, Grant> | undefined {
  const [only] = hooks;
  if (only === undefined) return undefined;
  if (hooks.length === 1) {
    const decide = (answer: unknown): Decision<Grant> =>
      readVerdict(only, answer, rules) ?? rules.byDefault;
    return (event) => {
      const answer = only.call(event);
      return answer instanceof Promise ? answer.then(decide) : decide(answer);
    };
  }
  return (event) => decideFrom(hooks, rules, event, 0, undefined);
}

/** Makes the runner of a decision that is made at once; undefined without hooks. */
export function decideNowRunner<Event, Grant>(
  hooks: readonly RegisteredHook[],
  rules: DecideRules<Grant>,
): DecideNowRunner<Event, Grant> | undefined {
  const [only] = hooks;
  if (only === undefined) return undefined;
  if (hooks.length === 1) {
    return (event) => readVerdict(only, only.callNow(event), rules) ?? rules.byDefault;
  }
  return (event) => {
    let granted: Allow<Grant> | undefined;
    for (const hook of hooks) {
      const verdict = readVerdict(hook, hook.callNow(event), rules);
      if (verdict?.allowed === false) return verdict;
      granted = combine(rules, granted, verdict);
    }
    return granted ?? rules.byDefault;
  };
}

function decideFrom<Event, Grant>(
  hooks: readonly RegisteredHook[],
  rules: DecideRules<Grant>,
  event: Event,
  from: number,
  grantedBefore: Allow<Grant> | undefined,
): Decision<Grant> | Promise<Decision<Grant>> {
  let granted = grantedBefore;
  for (let index = from; index < hooks.length; index++) {
    const hook = hooks[index] as RegisteredHook;
    const answer = hook.call(event);
    if (answer instanceof Promise) {
      return answer.then((late) => {
        const verdict = readVerdict(hook, late, rules);
        if (verdict?.allowed === false) return verdict;
        return decideFrom(hooks, rules, event, index + 1, combine(rules, granted, verdict));
      });
    }
    const verdict = readVerdict(hook, answer, rules);
    if (verdict?.allowed === false) return verdict;
    granted = combine(rules, granted, verdict);
  }
  return granted ?? rules.byDefault;
}

function combine<Grant>(
  rules: DecideRules<Grant>,
  first: Allow<Grant> | undefined,
  second: Allow<Grant> | undefined,
): Allow<Grant> | undefined {
  if (first?.grant === undefined) return second ?? first;
  if (second?.grant === undefined || rules.mergeGrants === undefined) return first;
  return allow(rules.mergeGrants(first.grant, second.grant));
}

/** What a hook decided; undefined when it has no opinion, a denial when it failed or answered rubbish. */
export function readVerdict<Grant>(
  hook: RegisteredHook,
  answer: unknown,
  rules: DecideRules<Grant>,
): Decision<Grant> | undefined {
  if (answer instanceof HookFailure) return failedDenial;
  try {
    const verdict = answer === undefined ? undefined : checkVerdict(answer, rules);
    hook.succeed();
    return verdict;
  } catch (thrown) {
    hook.fail(thrown);
    return failedDenial;
  }
}

function checkVerdict<Grant>(answer: unknown, rules: DecideRules<Grant>): Decision<Grant> {
  const verdict = answer as Partial<Decision<Grant>> | null;
  if (verdict?.allowed === true) {
    if (verdict.grant === undefined) return verdict as Allow<Grant>;
    // Where nothing can be granted, what comes along is not passed on.
    if (rules.checkGrant === undefined) return allow();
    rules.checkGrant(verdict.grant);
    return verdict as Allow<Grant>;
  }
  if (verdict?.allowed === false) {
    checkReason(verdict);
    return verdict as Deny;
  }
  throw new BrokerError('SLUICE_HOOK_ANSWER', 'it answered neither allow() nor deny()');
}

function checkReason({ reasonCode, ...texts }: Partial<Deny>): void {
  if (!reasonCodes.has(reasonCode) || !isFailure(reasonCode as number)) {
    throw refused('reasonCode is that of no failure');
  }
  if (texts.reasonString !== undefined) checkString('reasonString', texts.reasonString);
  if (texts.serverReference !== undefined) checkString('serverReference', texts.serverReference);
  if (texts.userProperties !== undefined) {
    checkUserProperties('userProperties', texts.userProperties);
  }
}
