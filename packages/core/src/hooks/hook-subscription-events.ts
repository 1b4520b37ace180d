// How what hooks around subscriptions answered is applied to the event.
import { isValidTopicFilter, type SubscriptionRequest } from '@sluice/packet';
import type { SubscribeEvent, UnsubscribeEvent } from '@sluice/plugin';
import { checkLowerQos, refused } from './change-message.ts';

/** Other subscriptions: one in the place of each. */
export function applySubscribe(
  event: SubscribeEvent,
  changes: readonly SubscriptionRequest[],
): SubscribeEvent {
  const { subscriptions } = event;
  if (!Array.isArray(changes) || changes.length !== subscriptions.length) {
    throw refused(`not a list with an entry for each of ${subscriptions.length} subscriptions`);
  }
  return {
    client: event.client,
    subscriptions: subscriptions.map((before, index) => readSubscription(changes[index], before)),
  };
}

/** Other filters: one in the place of each. */
export function applyUnsubscribe(
  event: UnsubscribeEvent,
  changes: readonly string[],
): UnsubscribeEvent {
  const { filters } = event;
  if (!Array.isArray(changes) || changes.length !== filters.length) {
    throw refused(`not a list with an entry for each of ${filters.length} filters`);
  }
  return { client: event.client, filters: filters.map((_, index) => readFilter(changes[index])) };
}

function readSubscription(value: unknown, before: SubscriptionRequest): SubscriptionRequest {
  if (value === before) return before;
  if (typeof value !== 'object' || value === null) throw refused('a subscription is no object');
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = value as SubscriptionRequest;
  readFilter(filter);
  checkLowerQos(qos, before.qos);
  if (typeof noLocal !== 'boolean' || typeof retainAsPublished !== 'boolean') {
    throw refused('noLocal and retainAsPublished are true or false');
  }
  if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) {
    throw refused('retainHandling is not 0, 1 or 2');
  }
  return { filter, qos, noLocal, retainAsPublished, retainHandling };
}

function readFilter(filter: unknown): string {
  if (typeof filter === 'string' && isValidTopicFilter(filter)) return filter;
  throw refused('filter is not a valid topic filter');
}
