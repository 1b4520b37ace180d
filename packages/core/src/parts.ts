import type { ReasonCode } from '@sluice/packet';
import type { ConnectedEvent, ConnectionInfo, DisconnectedEvent } from '@sluice/plugin';
import type { Context } from './context.ts';
import type { Inquiries } from './inquiries.ts';
import type { Publishing } from './publishing.ts';
import type { Registry } from './registry.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Review } from './review.ts';
import type { Router } from './router.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Wills } from './wills.ts';

/** What connections and their handlers work with: the parts of one broker. */
export interface Parts {
  readonly context: Context;
  readonly router: Router;
  readonly retained: RetainedMessages;
  readonly publishing: Publishing;
  readonly registry: Registry;
  readonly wills: Wills;
  readonly subscriptions: Subscriptions;
  readonly inquiries: Inquiries;
  readonly review: Review;
  readonly events: ConnectionEvents;
}

/** A connection that was refused in or before its CONNECT. */
export interface RefusedEvent {
  readonly connection: ConnectionInfo;
  /** Of MQTT 5.0, also where the client speaks 3.x; 0 when the stream ended before a CONNECT. */
  readonly reasonCode: ReasonCode;
  /** For people. */
  readonly message: string;
}

/** Who is told of the life of connections. */
export interface ConnectionEvents {
  connected(event: ConnectedEvent): void;
  disconnected(event: DisconnectedEvent): void;
  refused(event: RefusedEvent): void;
}
