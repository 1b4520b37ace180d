import type { Qos, ReasonCode } from '@sluice/packet';
import type { Client } from './client.ts';
import type { DropReason, Message } from './message.ts';

export interface MessageEvent {
  /** The publisher; undefined for a message of the application itself. */
  readonly client: Client | undefined;
  readonly message: Message;
}

export interface AuthorizePublishEvent {
  readonly client: Client;
  readonly message: Message;
  /** A will is asked about when CONNECT brings it, and again when it is due. */
  readonly isWill: boolean;
}

/** One of those that a message is for. */
export interface RouteReceiver {
  /** Client identifier; empty for a subscription of the application and for a share group. */
  readonly clientId: string;
  /** `$share/name/filter` of a share group, of which one member will get it. */
  readonly sharedFilter: string | undefined;
  readonly qos: Qos;
}

export interface RouteEvent extends MessageEvent {
  readonly receivers: readonly RouteReceiver[];
}

/** A session that gets a message without a subscription. */
export interface RouteAddition {
  readonly clientId: string;
  /** Of the delivery, at most that of the message; that of the message by default. */
  readonly qos?: Qos | undefined;
}

export interface RouteChanges {
  /** Sessions that exist; others are passed over. */
  readonly add?: readonly RouteAddition[];
  /** Objects of the event's `receivers`. */
  readonly remove?: readonly RouteReceiver[];
}

export interface RetainGrant {
  /** Seconds after which the retained message is removed; a shorter Message Expiry Interval counts nevertheless. */
  readonly timeToLiveSeconds?: number | undefined;
}

/** One group of a shared subscription that a message is for (section 4.8.2). */
export interface SelectSharedEvent {
  /** `$share/name/filter`. */
  readonly sharedFilter: string;
  readonly message: Message;
  readonly members: readonly SharedMember[];
}

/** A member that could take the message. */
export interface SharedMember {
  readonly clientId: string;
  /** Connected, and with room in its receive maximum. */
  readonly ready: boolean;
  readonly connected: boolean;
  /** QoS 1 and 2 messages that it has not acknowledged. */
  readonly unacknowledged: number;
}

export interface EnqueueEvent {
  /** The receiver. Its connection is the last one it had. */
  readonly client: Client;
  /** Its sender is `publisherId`. */
  readonly message: Message;
  readonly qos: 1 | 2;
  /** Messages in the queue before this one. */
  readonly queuedMessages: number;
}

export interface EnqueueGrant {
  /** Seconds that it may wait in this queue; a shorter Message Expiry Interval counts nevertheless. */
  readonly timeToLiveSeconds?: number | undefined;
  /** It takes the place of the message that waits under the same key, if that was not sent yet. */
  readonly replaceKey?: string | undefined;
}

export interface OverflowEvent {
  readonly client: Client;
  /** The message that has no room. */
  readonly message: Message;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
}

/** What is to happen when the queue of a session is full. */
export const OverflowAction = {
  /** The message that has no room is dropped: what happens without the hook. */
  dropNewest: 'drop-newest',
  /** The messages that wait longest are dropped until there is room; what is in flight stays. */
  dropOldest: 'drop-oldest',
  /** Older messages of the same topic are dropped; where there are none, the new one is. */
  keepNewestPerTopic: 'keep-newest-per-topic',
  /** The client is disconnected with 0x97; its session ends with all that waits. */
  disconnect: 'disconnect',
} as const;

export type OverflowAction = (typeof OverflowAction)[keyof typeof OverflowAction];

export interface DeliveryEvent {
  /** The receiver. Its connection is the last one it had. */
  readonly client: Client;
  readonly message: Message;
  readonly qos: Qos;
  readonly retain: boolean;
}

export interface AcknowledgedEvent {
  /** The receiver. */
  readonly client: Client;
  /** Undefined where only its identifier was known any more: a QoS 2 message released before a restart. */
  readonly message: Message | undefined;
  readonly qos: 1 | 2;
  /** Of PUBACK, PUBREC or PUBCOMP. */
  readonly reasonCode: ReasonCode;
}

export interface PublishedEvent extends MessageEvent {
  /** Sessions and in-process subscriptions that got it or will. */
  readonly receivers: number;
}

export interface DroppedEvent {
  /** Client identifier of the receiver; undefined when the message was dropped before it was routed. */
  readonly clientId: string | undefined;
  readonly message: Message;
  readonly reason: DropReason;
}

export interface ExpiredEvent {
  /** Client identifier of the receiver that it waited for; undefined for a retained message. */
  readonly clientId: string | undefined;
  readonly message: Message;
}

export interface WillEvent {
  readonly client: Client;
  readonly message: Message;
}
