import type { Qos, SubscriptionRequest } from '@sluice/packet';
import type { Client } from './client.ts';

export interface SubscribeEvent {
  readonly client: Client;
  readonly subscriptions: readonly SubscriptionRequest[];
}

export interface AuthorizeSubscribeEvent {
  readonly client: Client;
  readonly subscription: SubscriptionRequest;
}

export interface AuthorizeSubscribeGrant {
  /** The subscription is granted at most this. */
  readonly maximumQos?: Qos | undefined;
}

export interface SubscribedEvent {
  readonly client: Client;
  readonly subscription: SubscriptionRequest;
}

export interface UnsubscribeEvent {
  readonly client: Client;
  /** By the names under which the client subscribed, whatever the hook `subscribe` made of them. */
  readonly filters: readonly string[];
}

export interface UnsubscribedEvent {
  readonly client: Client;
  /** By the name under which the client subscribed. */
  readonly filter: string;
}
