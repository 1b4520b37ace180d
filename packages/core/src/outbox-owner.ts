import type { DropReason } from '@sluice/plugin';
import type { RoutedMessage } from './routed-message.ts';
import type { Sink } from './sink.ts';

/** What an acknowledgement of the client met. */
export const AckResult = { done: 0, unknown: 1, wrongQos: 2 } as const;
export type AckResult = (typeof AckResult)[keyof typeof AckResult];

/** The session, as its outbox sees it. */
export interface OutboxOwner {
  readonly number: number;
  readonly clientId: string;
  /** Whether the queue is committed: the session outlives its connection. */
  readonly stored: boolean;
  readonly sink: Sink | undefined;
  /** Sends an entry's message, by way of the delivery hooks; a reason when it was left out. */
  send(
    message: RoutedMessage,
    qos: 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): DropReason | undefined;
  pump(): void;
}
