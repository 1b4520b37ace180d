import type { Qos } from '@sluice/packet';
import type { RoutedMessage } from '../messages/routed-message.ts';

/** How well a receiver can take a message now: what a share group looks at. */
export const Readiness = {
  /** It would be dropped. */
  none: 0,
  /** Its queue has no room, and drops this message or others. */
  full: 1,
  /** It would wait for the client to come back. */
  offline: 2,
  /** It would wait for the client to acknowledge others. */
  busy: 3,
  /** It could leave at once. */
  ready: 4,
} as const;

export type Readiness = (typeof Readiness)[keyof typeof Readiness];

/** What the router delivers to: a session, a subscription of the application, one day another node. */
export interface Receiver {
  /** Client identifier; empty for the application. No Local compares it with the publisher's. */
  readonly clientId: string;

  /**
   * Takes one copy of a message. `qos` is the one of the delivery, the lower of message and subscription;
   * `sharedFilter` names the share group that chose this receiver. Never waits: what cannot leave now is
   * queued or dropped under a reason. False when it was dropped.
   */
  deliver(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    sharedFilter?: string,
  ): boolean;
}

/** Told when a receiver comes or goes. */
export interface PresenceWatcher {
  presenceChanged(isPresent: boolean): void;
}

/** A receiver that can be a member of a share group. */
export interface SharingReceiver extends Receiver {
  /** How well it can take a message with the QoS that its subscription leaves of it. */
  readiness(message: RoutedMessage, qos: Qos): Readiness;
  /** QoS 1 and 2 messages that it has not acknowledged. */
  readonly unacknowledged: number;
  /** Whether its client is connected. */
  readonly isPresent: boolean;
  watchPresence(watcher: PresenceWatcher): void;
  unwatchPresence(watcher: PresenceWatcher): void;
}
