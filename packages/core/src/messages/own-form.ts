import type { PublishProperties, Qos } from '@sluice/packet';

/** A message on the wire of 5.0 as not all receivers get it, but mostly some one after the other. */
export interface OwnForm {
  /** Empty where the alias stands for it. */
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** What is left of it, in seconds. */
  readonly messageExpiryInterval: number | undefined;
  readonly topicAlias: number | undefined;
}

/** Whether both are the same bytes, of the same message. */
export function isSameForm(one: OwnForm, other: OwnForm): boolean {
  return (
    one.topic === other.topic &&
    one.qos === other.qos &&
    one.retain === other.retain &&
    one.dup === other.dup &&
    one.messageExpiryInterval === other.messageExpiryInterval &&
    one.topicAlias === other.topicAlias &&
    areSame(one.subscriptionIdentifiers, other.subscriptionIdentifiers)
  );
}

function areSame(
  one: readonly number[] | undefined,
  other: readonly number[] | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (one[index] !== other[index]) return false;
  }
  return true;
}

/** The properties of the message with those of the form. */
export function propertiesOf(properties: PublishProperties, form: OwnForm): PublishProperties {
  const { subscriptionIdentifiers, messageExpiryInterval, topicAlias } = form;
  const own: { -readonly [Name in keyof PublishProperties]: PublishProperties[Name] } = {
    ...properties,
  };
  if (subscriptionIdentifiers !== undefined) own.subscriptionIdentifiers = subscriptionIdentifiers;
  if (messageExpiryInterval !== undefined) own.messageExpiryInterval = messageExpiryInterval;
  if (topicAlias !== undefined) own.topicAlias = topicAlias;
  return own;
}
