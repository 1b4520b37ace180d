import type { DeliveryEvent, DropReason } from '@sluice/plugin';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { QueueOwner } from './waiting-queue.ts';

/** What an acknowledgement of the client met. */
export const AckResult = { done: 0, unknown: 1, wrongQos: 2 } as const;
export type AckResult = (typeof AckResult)[keyof typeof AckResult];

/** The session, as its outbox sees it. */
export interface OutboxOwner extends QueueOwner {
  /**
   * Sends an entry's message, by way of the delivery hooks: a reason when it was left out, what the hook `delivered`
   * is to be told, if there is one.
   */
  send(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): DropReason | DeliveryEvent | undefined;
}
