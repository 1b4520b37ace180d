import type { ReasonCode } from '@sluice/packet';
import type { ConnectedEvent, ConnectionInfo, DisconnectedEvent } from '@sluice/plugin';
import type { Context } from '../context/context.ts';
import type { Inquiries } from '../registry/inquiries.ts';
import type { Registry } from '../registry/registry.ts';
import type { Review } from '../registry/review.ts';
import type { Wills } from '../registry/wills.ts';
import type { RetainedMessages } from '../retained/retained-messages.ts';
import type { Publishing } from '../routing/publishing.ts';
import type { Router } from '../routing/router.ts';
import type { Subscriptions } from '../routing/subscriptions.ts';

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
  /** What the client called itself, which nobody has verified; undefined when there was no whole CONNECT. */
  readonly clientId: string | undefined;
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
