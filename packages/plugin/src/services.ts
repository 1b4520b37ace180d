import type { PublishProperties, Qos, ReasonCode, SubscriptionRequest } from '@sluice/packet';
import type { LimitedEvent } from './connection-events.ts';
import type { Message } from './message.ts';
import type { SessionInfo } from './session-events.ts';
import type { BrokerStats } from './stats.ts';

/** A message of the application itself. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  /** 0 by default. */
  readonly qos?: Qos | undefined;
  /** false by default. */
  readonly retain?: boolean | undefined;
  readonly properties?:
    | Omit<PublishProperties, 'topicAlias' | 'subscriptionIdentifiers'>
    | undefined;
}

export interface PublishOptions {
  /**
   * For what is made anew all the time, such as `$SYS`: it is never stored, a retained one is gone with the process, and
   * the hooks `publish`, `retain`, `route` and `published` are not called. QoS 0 only. false by default.
   */
  readonly transient?: boolean | undefined;
}

export interface DisconnectOptions {
  /** `ReasonCode.administrativeAction` (0x98) by default. */
  readonly reasonCode?: ReasonCode | undefined;
  readonly reasonString?: string | undefined;
  /** Where the client should go instead, with 0x9C or 0x9D. */
  readonly serverReference?: string | undefined;
}

/** The sessions of connected and absent clients (section 4.1). */
export interface SessionService {
  get(clientId: string): SessionInfo | undefined;
  /** Ends the session with all that waits for it, and its connection with 0x98; false when there is none. Settles when that is durable. */
  end(clientId: string): Promise<boolean>;
  /** All sessions, a few hundred at a time: others come and go meanwhile. */
  [Symbol.asyncIterator](): AsyncIterator<SessionInfo>;
}

/** A subscription and whose it is. */
export interface SubscriptionInfo extends SubscriptionRequest {
  readonly clientId: string;
  /** The filter by which the client knows it, where a hook rewrote it; otherwise the same as `filter`. */
  readonly requested: string;
}

/** A subscription that is made for a client: as one of SUBSCRIBE, but only the filter is needed. */
export type WantedSubscription = Pick<SubscriptionRequest, 'filter'> & Partial<SubscriptionRequest>;

/** The subscriptions of all sessions. */
export interface SubscriptionService {
  /**
   * Subscribes a session as if its client had, without asking the hooks. Retained messages follow as the options say.
   * False when there is no such session, or it has as many as it may. Settles when it is durable.
   */
  add(clientId: string, subscription: WantedSubscription): Promise<boolean>;
  /** Removes a subscription by the name the client knows; false when there is none. Settles when it is durable. */
  remove(clientId: string, requested: string): Promise<boolean>;
  /** Those of one session; empty when there is none. */
  of(clientId: string): readonly SubscriptionInfo[];
  [Symbol.asyncIterator](): AsyncIterator<SubscriptionInfo>;
}

/** The retained messages (section 3.3.1.3). */
export interface RetainedService {
  get(topic: string): Message | undefined;
  /** Sets one without publishing it: nobody who is subscribed gets it now. Settles when it is durable. */
  set(message: Omit<OutgoingMessage, 'retain'>): Promise<void>;
  /** Removes all that match a topic filter and tells how many. Settles when that is durable. */
  clear(filter: string): Promise<number>;
  /** All that match a topic filter, '#' by default, a few hundred at a time. */
  iterate(filter?: string): AsyncIterable<Message>;
}

/** What a plug-in or an application may ask of a broker while it runs. */
export interface BrokerServices {
  readonly sessions: SessionService;
  readonly subscriptions: SubscriptionService;
  readonly retained: RetainedService;
  readonly stats: BrokerStats;
  /**
   * Settles when the message is routed, and durable where it has to be. Messages are routed in the order of the calls,
   * but each waits for its own answer of an asynchronous hook: where order matters then, await one before the next.
   */
  publish(message: OutgoingMessage, options?: PublishOptions): Promise<void>;
  /**
   * Sends a message to one session only, without a subscription; false when there is no such session or it did not
   * take it. Settles when it is durable where it has to be.
   */
  publishTo(clientId: string, message: OutgoingMessage): Promise<boolean>;
  /** Ends the connection of a client with DISCONNECT 0x98 or what the options say; false when it has none. */
  disconnect(clientId: string, options?: DisconnectOptions): boolean;
  /**
   * To be called when access rules changed: calls the hook `policyChanged`, asks `authorizeSubscribe` again about the
   * subscriptions of one client, or of all, and removes those that are denied now. What waits is asked about when it is
   * due in any case. Settles when that is done.
   */
  reauthorize(clientId?: string): Promise<void>;
  /** Tells the hook `limited`: for plug-ins that limit something. */
  limited(event: LimitedEvent): void;
}
