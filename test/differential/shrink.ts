import type { Script, Step } from './script.ts';
import { ScriptRules } from './script-rules.ts';

/**
 * A small script that still fails: without every step, message and subscription that it fails without.
 * `fails` plays it.
 */
export async function shrink(
  script: Script,
  fails: (script: Script) => Promise<boolean>,
): Promise<Script> {
  let smallest = script;
  const isBetter = async (steps: readonly Step[]): Promise<boolean> => {
    const candidate = { ...script, steps: ScriptRules.legal(script.habits, steps) };
    if (sizeOf(candidate) >= sizeOf(smallest) || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let size = -1; size !== sizeOf(smallest); ) {
    size = sizeOf(smallest);
    for (let length = smallest.steps.length >> 1; length >= 1; length >>= 1) {
      for (let at = smallest.steps.length - length; at >= 0; at -= length) {
        await isBetter(smallest.steps.toSpliced(at, length));
      }
    }
    for (let at = 0; at < smallest.steps.length; at++) {
      for (let didShrink = true; didShrink; ) {
        didShrink = false;
        const step = smallest.steps[at];
        for (const smaller of step === undefined ? [] : smallerSteps(step)) {
          didShrink = await isBetter(smallest.steps.with(at, smaller));
          if (didShrink) break;
        }
      }
    }
  }
  return smallest;
}

function sizeOf(script: Script): number {
  return JSON.stringify(script.steps).length;
}

/** The step with one part less. */
function smallerSteps(step: Step): readonly Step[] {
  switch (step.step) {
    case 'publish':
      return [
        ...without(step.messages).map((messages) => ({ ...step, messages })),
        ...step.messages.flatMap((message, index) =>
          plainer(message).map((one) => ({ ...step, messages: step.messages.with(index, one) })),
        ),
      ];
    case 'together':
      return step.bursts.flatMap((burst, index) =>
        without(burst.messages).map((messages) => ({
          ...step,
          bursts: step.bursts.with(index, { ...burst, messages }),
        })),
      );
    case 'subscribe': {
      const { identifier, ...plain } = step;
      return [
        ...(identifier === undefined ? [] : [plain]),
        ...without(step.subscriptions).map((subscriptions) => ({ ...step, subscriptions })),
      ];
    }
    case 'unsubscribe':
      return without(step.filters).map((filters) => ({ ...step, filters }));
    case 'interrupt':
      return plainer(step.message).map((message) => ({ ...step, message }));
    case 'connect': {
      const { will, ...withoutWill } = step;
      const {
        receiveMaximum: _,
        topicAliasMaximum: __,
        maximumPacketSize: ___,
        ...plain
      } = withoutWill;
      return [
        plain,
        withoutWill,
        { ...step, withheld: 'none' },
        ...(will === undefined ? [] : plainer(will).map((one) => ({ ...step, will: one }))),
      ];
    }
    default:
      return [];
  }
}

function plainer<Message extends { readonly properties: object; readonly alias?: number }>(
  message: Message,
): Message[] {
  const { alias, ...rest } = message;
  return [
    ...(alias === undefined ? [] : [rest as Message]),
    ...(Object.keys(message.properties).length === 0 ? [] : [{ ...message, properties: {} }]),
  ];
}

/** The list without each one of its items; it is never empty. */
function without<Item>(items: readonly Item[]): Item[][] {
  return items.length < 2 ? [] : items.map((_, index) => items.toSpliced(index, 1));
}
