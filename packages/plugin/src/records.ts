import type { PublishProperties, Qos } from '@sluice/packet';
import type { Message } from './message.ts';

/** A session whose state outlives its connection (Session Expiry Interval above 0). */
export interface SessionRecord {
  /** The session's own number, from 1 on; never reused, so that a late write cannot reach its successor. */
  readonly session: number;
  readonly clientId: string;
  /** Who made it, as the authenticator named them; empty for anonymous. */
  readonly identity: string;
  /** Seconds after the connection closes; 0xFFFFFFFF never ends. */
  readonly expiryInterval: number;
  /** Milliseconds since 1970; undefined while connected. */
  readonly disconnectedAt: number | undefined;
  /** Sequences of its queue from here on were never sent. Without a meaning while connected. */
  readonly sentBefore: number;
}

/** What `open` finds: a session and where its queue ends. */
export interface RestoredSession extends SessionRecord {
  /** Above every sequence of the queue; 0 when nothing was ever queued, or nothing is left. */
  readonly nextSequence: number;
  /** Messages in its queue, released ones included. */
  readonly queued: number;
}

export interface SubscriptionRecord {
  readonly session: number;
  /** The filter by which the client knows the subscription: with `session`, its key. */
  readonly requested: string;
  /** The filter that counts, `$share/name/` included; another one only where a hook rewrote it. */
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** 0 when the subscription has none. */
  readonly subscriptionIdentifier: number;
}

/** A will that waits for the end of its connection, or for its delay. Kept for sessions of any length. */
export interface WillRecord {
  readonly session: number;
  readonly clientId: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: PublishProperties;
  /** Seconds. */
  readonly delayInterval: number;
  /** Milliseconds since 1970; undefined while its connection is open. */
  readonly dueAt: number | undefined;
}

/** One place in a session's queue of QoS 1 and 2 messages. */
export interface QueuedMessage {
  /** From 0 on, by one for each message; the packet identifier is `sequence % 65535 + 1`. */
  readonly sequence: number;
  /** Undefined once released (PUBREC came): then only PUBREL is owed. */
  readonly message: Message | undefined;
  readonly qos: 1 | 2;
  /** RETAIN as the receiver is to see it. */
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** As it was enqueued; may be absent once released. */
  readonly sharedFilter?: string;
  readonly released: boolean;
}

/** An inbound QoS 2 packet identifier that waits for its PUBREL. */
export interface ReceivedRecord {
  readonly session: number;
  readonly packetId: number;
}

/** All that the broker needs in memory before it serves. Each part is read once, in this order. */
export interface Snapshot {
  readonly sessions: Iterable<RestoredSession>;
  readonly subscriptions: Iterable<SubscriptionRecord>;
  readonly received: Iterable<ReceivedRecord>;
  readonly wills: Iterable<WillRecord>;
  readonly retained: Iterable<Message>;
  /** Above every message number that was ever committed. */
  readonly nextMessageNumber: number;
  /** Above every session number that was ever committed. */
  readonly nextSessionNumber: number;
}
