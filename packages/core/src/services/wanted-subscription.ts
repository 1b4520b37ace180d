import { countLevels, hasWildcard, isValidTopicFilter, parseSharedFilter } from '@sluice/packet';
import { BrokerError, type WantedSubscription } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { GrantedSubscription } from '../routing/subscriptions.ts';
import { checkQos } from './outgoing-message.ts';

/** Checks a subscription that the application makes for a client, as a SUBSCRIBE would be. Throws a BrokerError. */
export function readWanted(wanted: WantedSubscription, context: Context): GrantedSubscription {
  const { filter, qos = 0 } = wanted;
  const { noLocal = false, retainAsPublished = false, retainHandling = 0 } = wanted;
  checkSharedFilter(filter, context);
  checkQos(qos);
  if (typeof noLocal !== 'boolean' || typeof retainAsPublished !== 'boolean') {
    throw wrongOption('noLocal and retainAsPublished are true or false');
  }
  if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) {
    throw wrongOption('retainHandling is 0, 1 or 2');
  }
  // [MQTT-3.8.3-4]
  if (noLocal && parseSharedFilter(filter) !== undefined) {
    throw wrongOption('a shared one cannot have noLocal');
  }
  return {
    requested: filter,
    filter,
    qos,
    noLocal,
    retainAsPublished,
    retainHandling,
    subscriptionIdentifier: 0,
  };
}

/** Throws a BrokerError SLUICE_TOPIC_FILTER for what is no topic filter, or a shared one. */
export function checkTopicFilter(filter: unknown): void {
  if (typeof filter !== 'string' || !isValidTopicFilter(filter)) {
    throw wrongFilter(filter, 'wildcards stand alone in a level, # in the last one');
  }
  if (parseSharedFilter(filter) !== undefined) {
    throw wrongFilter(filter, 'shared subscriptions are for clients');
  }
}

function checkSharedFilter(filter: unknown, { limits, features }: Context): void {
  if (typeof filter !== 'string' || !isValidTopicFilter(filter)) {
    throw wrongFilter(filter, 'wildcards stand alone in a level, # in the last one');
  }
  const { maxTopicBytes, maxTopicLevels } = limits;
  if (Buffer.byteLength(filter) > maxTopicBytes || countLevels(filter) > maxTopicLevels) {
    throw wrongFilter(
      filter,
      `there are at most ${maxTopicBytes} bytes and ${maxTopicLevels} levels`,
    );
  }
  if (!features.sharedSubscriptions && parseSharedFilter(filter) !== undefined) {
    throw wrongFilter(filter, 'shared subscriptions are not available');
  }
  if (!features.wildcardSubscriptions && hasWildcard(filter)) {
    throw wrongFilter(filter, 'wildcards are not available');
  }
}

function wrongFilter(filter: unknown, why: string): BrokerError {
  return new BrokerError(
    'SLUICE_TOPIC_FILTER',
    `The topic filter ${JSON.stringify(filter)} is not valid: ${why}.`,
  );
}

/** A BrokerError SLUICE_SUBSCRIPTION. */
export function wrongOption(why: string): BrokerError {
  return new BrokerError('SLUICE_SUBSCRIPTION', `The subscription is not valid: ${why}.`);
}
