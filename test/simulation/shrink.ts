import type { Plan, Step } from './plan.ts';
import { play } from './simulate.ts';

/** The rule that a plan breaks; undefined when it breaks none. */
export async function ruleBrokenBy(plan: Plan): Promise<string | undefined> {
  try {
    return (await play(plan)).violations[0]?.split(':')[0];
  } catch (error) {
    return `crash ${error}`;
  }
}

/** A plan that breaks the same rule with as few steps and clients as can be found. */
export async function shrink(plan: Plan): Promise<Plan> {
  const rule = await ruleBrokenBy(plan);
  let smallest = plan;
  const isBetter = async (candidate: Plan): Promise<boolean> => {
    if ((await ruleBrokenBy(candidate)) !== rule) return false;
    smallest = candidate;
    return true;
  };
  for (let size = -1; size !== sizeOf(smallest); ) {
    size = sizeOf(smallest);
    for (let length = smallest.steps.length >> 1; length >= 1; length >>= 1) {
      for (let at = smallest.steps.length - length; at >= 0; at -= length) {
        await isBetter({ ...smallest, steps: smallest.steps.toSpliced(at, length) });
      }
    }
    for (const candidate of simpler(smallest)) await isBetter(candidate);
    for (let at = 0; at < smallest.steps.length; at++) {
      for (const step of smallerSteps(smallest.steps[at] as Step)) {
        if (await isBetter({ ...smallest, steps: smallest.steps.with(at, step) })) break;
      }
    }
  }
  return smallest;
}

function sizeOf({ steps, clients }: Plan): number {
  return JSON.stringify([steps, clients]).length;
}

/** The plan with something less that is not a step. */
function simpler(plan: Plan): Plan[] {
  const last = plan.clients.length - 1;
  const without = plan.steps.filter((step) => step.client !== last);
  return [
    ...(last > 0 ? [{ ...plan, clients: plan.clients.slice(0, last), steps: without }] : []),
    ...plan.clients.flatMap((client, index) =>
      client.will === undefined
        ? []
        : [{ ...plan, clients: plan.clients.with(index, { ...client, will: undefined }) }],
    ),
    ...(plan.hasHooks ? [withoutHooks(plan)] : []),
    { ...plan, hasSynchronousDisk: true },
  ];
}

/** Nor does any step count on one: what it would have refused is owed. */
function withoutHooks(plan: Plan): Plan {
  const steps = plan.steps.map((step): Step => {
    if (step.do !== 'publish') return 'hook' in step ? { ...step, hook: undefined } : step;
    return { ...step, messages: step.messages.map((message) => ({ ...message, hook: undefined })) };
  });
  return { ...plan, hasHooks: false, denials: [], rewrites: {}, steps };
}

/** The step with one message or filter less. */
function smallerSteps(step: Step): Step[] {
  switch (step.do) {
    case 'publish':
      if (step.messages.length < 2) return [];
      return step.messages.map((_, at) => ({ ...step, messages: step.messages.toSpliced(at, 1) }));
    case 'subscribe':
      if (step.subscriptions.length < 2) return [];
      return step.subscriptions.map((_, at) => ({
        ...step,
        subscriptions: step.subscriptions.toSpliced(at, 1),
      }));
    default:
      return [];
  }
}
