import type { Client } from './client.ts';
import type { DropReason } from './message.ts';

/** A session as plug-ins and applications see it (section 4.1): how it is at this moment. */
export interface SessionInfo {
  readonly clientId: string;
  /** Whom it belongs to; empty for anonymous. */
  readonly identity: string;
  /** Who is connected to it; undefined while nobody is. */
  readonly client: Client | undefined;
  /** Milliseconds since 1970; undefined while connected. */
  readonly disconnectedAt: number | undefined;
  /** Seconds after the end of the connection; 0xFFFFFFFF never ends. */
  readonly expiryInterval: number;
  readonly subscriptions: number;
  /** QoS 1 and 2 messages that it has not acknowledged: in flight or waiting. */
  readonly queuedMessages: number;
  /** Those of them that were sent on its connection. */
  readonly inflightMessages: number;
  /** Over all its connections since the broker was created. */
  readonly traffic: SessionTraffic;
}

/** What went to and from a client, and what did not. */
export interface SessionTraffic {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** PUBLISH packets, repeated ones included. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Messages that did not reach it, by reason; reasons that never occurred are left out. */
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** Messages of its own that were dropped before a client was chosen that gets them. */
  readonly droppedOwn: ReadonlyMap<DropReason, number>;
}

export interface SessionEvent {
  /** Who is about to resume it. */
  readonly client: Client;
  readonly session: SessionInfo;
  /** Seconds that the client asks for, after the limits. */
  readonly expiryInterval: number;
}

/** What a hook may change before a stored session is resumed. */
export interface SessionChanges {
  /** false ends the stored session: the client begins a new one. */
  readonly resume?: false;
  /** Seconds; may only be lowered. */
  readonly expiryInterval?: number;
}

export interface TakenOverEvent {
  /** The connection that has the client identifier now. */
  readonly client: Client;
  /** The one that lost it. */
  readonly previous: Client;
}

export interface ResumedEvent {
  readonly client: Client;
  readonly session: SessionInfo;
}

export interface EndedEvent {
  /** The last client of the session; its connection is closed. */
  readonly client: Client;
  /** A CONNECT with Clean Start, the end of the connection, the end of its time after that, or an administrator. */
  readonly reason: 'clean-start' | 'disconnected' | 'expired' | 'administrative';
}

export interface PolicyChangedEvent {
  /** Whose rights changed; undefined for those of anybody. */
  readonly clientId: string | undefined;
}
