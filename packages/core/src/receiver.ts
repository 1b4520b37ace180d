import type { Qos } from '@sluice/packet';
import type { RoutedMessage } from './routed-message.ts';

/** What the router delivers to: a session, a subscription of the application, one day another node. */
export interface Receiver {
  /** Client identifier; empty for the application. No Local compares it with the publisher's. */
  readonly clientId: string;

  /**
   * Takes one copy of a message. `qos` is the one of the delivery, the lower of message and subscription.
   * Never waits: what cannot leave now is queued or dropped under a reason. False when it was dropped.
   */
  deliver(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean;
}
