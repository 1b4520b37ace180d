import type { Qos } from '@sluice/packet';
import { checkBoolean, checkInteger, checkTexts, fault, type Source } from '../documents/checks.ts';
import type { Action, Rule, Sharing } from './rule.ts';

type Conditions = Pick<Rule, 'maxQos' | 'retain' | 'share'>;

/** Checks what narrows a rule; a condition that could have no effect is an error, since somebody counts on it. */
export function checkConditions(
  entry: ReadonlyMap<string, unknown>,
  effect: Rule['effect'],
  actions: ReadonlySet<Action>,
  place: string,
  source: Source,
): Conditions {
  const onlyFor = (key: string, action: Action) => {
    if (actions.size === 1 && actions.has(action)) return;
    throw fault(source, `${place}.${key} goes with the action "${action}" alone; split the rule`);
  };
  if (entry.has('maxQos')) {
    if (effect === 'deny') {
      throw fault(source, `${place}.maxQos goes with "allow" only; a denial is one for every QoS`);
    }
    if (actions.has('receive')) {
      throw fault(source, `${place}.maxQos goes with the actions "publish" and "subscribe" only`);
    }
  }
  if (entry.has('retain')) onlyFor('retain', 'publish');
  if (entry.has('share')) onlyFor('share', 'subscribe');
  return {
    maxQos: checkInteger(entry.get('maxQos') ?? 2, `${place}.maxQos`, [0, 2], source) as Qos,
    retain: entry.has('retain')
      ? checkBoolean(entry.get('retain'), `${place}.retain`, source)
      : undefined,
    share: checkSharing(entry.get('share'), `${place}.share`, source),
  };
}

function checkSharing(value: unknown, place: string, source: Source): Sharing {
  if (value === undefined || typeof value === 'boolean') return value;
  const names = checkTexts(value, place, source).map(({ text, at }) => {
    if (!/[+#/\0]/.test(text)) return text;
    throw fault(source, `${at} is no name of a share group: it holds "+", "#" or "/"`);
  });
  return new Set(names);
}
