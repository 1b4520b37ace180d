import type { PublishProperties, Qos } from '@sluice/packet';
import type { Durability } from './durability.ts';

/** An application message inside the broker. Never changed once it exists. */
export interface Message {
  /** Its place in the broker's one order, from 1 on; never reused, also not after a restart. */
  readonly number: number;
  readonly topic: string;
  /** A Buffer at run time: `String(message.payload)` is its text. A hook that keeps it has to copy it. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** RETAIN as it was published (section 3.3.1.3). */
  readonly retain: boolean;
  /** What is forwarded: no topic alias and no subscription identifiers. */
  readonly properties: PublishProperties;
  /** Client identifier of the publisher; empty for a message of the application itself. */
  readonly publisherId: string;
  /** Milliseconds since 1970, when the broker took it over. */
  readonly receivedAt: number;
  /** Milliseconds since 1970, from Message Expiry Interval; Infinity when it never expires. */
  readonly expiresAt: number;
  /** Less than the store gives, where the hook `publish` said so; not kept in the store. */
  readonly durability?: Durability;
}

/** What a hook may change of a message. Fields that are left out stay as they are. */
export interface MessageChanges {
  readonly topic?: string | undefined;
  readonly payload?: Uint8Array | string | undefined;
  /** May only be lowered. */
  readonly qos?: Qos | undefined;
  readonly retain?: boolean | undefined;
  readonly properties?: PublishProperties | undefined;
  /**
   * What the message has to outlive before its publisher gets the acknowledgement, where that is less than the
   * store gives: 'write' needs no fsync, for 'none' nobody waits.
   */
  readonly durability?: Durability | undefined;
}

/** Why a message did not reach a receiver, or a publisher's message nobody: a closed list. */
export const DropReason = {
  /** Its Message Expiry Interval passed. */
  expired: 'expired',
  /** QoS 0 while the session is offline. */
  offline: 'offline',
  /** The queue of the session is full. */
  queueFull: 'queue-full',
  /** QoS 0 while the receiver's stream takes no more. */
  slowReceiver: 'slow-receiver',
  /** QoS 0 for a receiver that is behind, while the broker is short of memory. */
  overload: 'overload',
  /** Larger than the Maximum Packet Size of the receiver. */
  packetTooLarge: 'packet-too-large',
  /** Refused by authorizePublish or authorizeDeliver. */
  notAuthorized: 'not-authorized',
  /** Its topic is none that a client may publish to, or its payload not the UTF-8 that it says it is. */
  invalid: 'invalid',
  /** Dropped by a transform hook, kept out of a queue by `enqueue`, or one of them failed. */
  hook: 'hook',
  /** A newer message took its place in the queue, as the hook `enqueue` said. */
  replaced: 'replaced',
  /** The session ended while the message waited for it. */
  sessionEnded: 'session-ended',
  /** The receiver answered with a failure. */
  refused: 'refused',
  /** The retained store is full. */
  retainedFull: 'retained-full',
} as const;

export type DropReason = (typeof DropReason)[keyof typeof DropReason];
