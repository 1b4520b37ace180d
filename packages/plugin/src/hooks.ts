import type { ConnectPacket, Qos, SubscriptionRequest } from '@sluice/packet';
import type { Client, ConnectionInfo } from './client.ts';
import type { DropReason, Message, MessageChanges } from './message.ts';
import type { Drop, Proceed, Verdict } from './verdict.ts';

/** What a hook that may be asynchronous returns. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement has no opinion.
export type Answer<Value> = Value | undefined | void | Promise<Value | undefined | void>;

/** What a hook that runs once per delivery returns: never a promise. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement has no opinion.
export type SyncAnswer<Value> = Value | undefined | void;

export interface ConnectionEvent {
  readonly connection: ConnectionInfo;
}

export interface ConnectEvent {
  readonly connection: ConnectionInfo;
  readonly packet: ConnectPacket;
}

/** Fields of CONNECT that a hook may change. */
export type ConnectChanges = Partial<
  Pick<ConnectPacket, 'clientId' | 'userName' | 'password' | 'keepAlive' | 'cleanStart' | 'will'>
>;

export interface AuthenticateEvent {
  readonly connection: ConnectionInfo;
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly packet: ConnectPacket;
}

export interface AuthenticateGrant {
  /** Sessions belong to it: another identity never resumes them. */
  readonly identity?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Response Information for a 5.0 client that asks for it (section 3.2.2.3.15): by custom, where its answers should go. */
  readonly responseInformation?: string;
}

export interface ExchangeEvent {
  readonly connection: ConnectionInfo;
  readonly clientId: string;
  /** Authentication Method of CONNECT: the name of a SASL mechanism, by custom. */
  readonly method: string;
  /** Authentication Data of this step. */
  readonly data: Uint8Array | undefined;
  /** Who authenticates again on an open connection; undefined while CONNECT is not accepted. */
  readonly client: Client | undefined;
}

export interface ExchangeGrant extends AuthenticateGrant {
  /** Authentication Data of the CONNACK or AUTH that says so. */
  readonly data?: Uint8Array;
}

export interface AuthorizePublishEvent {
  readonly client: Client;
  readonly message: Message;
  /** A will is asked about when CONNECT brings it, and again when it is due. */
  readonly isWill: boolean;
}

export interface AuthorizeSubscribeEvent {
  readonly client: Client;
  readonly subscription: SubscriptionRequest;
}

export interface AuthorizeSubscribeGrant {
  /** The subscription is granted at most this. */
  readonly maximumQos?: Qos;
}

export interface DeliveryEvent {
  /** The receiver. Its connection is the last one it had. */
  readonly client: Client;
  readonly message: Message;
  readonly qos: Qos;
  readonly retain: boolean;
}

export interface MessageEvent {
  /** The publisher; undefined for a message of the application itself. */
  readonly client: Client | undefined;
  readonly message: Message;
}

export interface SubscribeEvent {
  readonly client: Client;
  readonly subscriptions: readonly SubscriptionRequest[];
}

export interface SubscribedEvent {
  readonly client: Client;
  readonly subscription: SubscriptionRequest;
}

export interface UnsubscribedEvent {
  readonly client: Client;
  readonly filter: string;
}

export interface WillEvent {
  readonly client: Client;
  readonly message: Message;
}

export interface ConnectedEvent {
  readonly client: Client;
  readonly sessionPresent: boolean;
}

export interface DisconnectedEvent {
  readonly client: Client;
  /** Who ended it: the client with DISCONNECT, the broker, or the network (end of stream, error). */
  readonly by: 'client' | 'broker' | 'network';
  /** Of the DISCONNECT that was sent or received; 0 when there was none. */
  readonly reasonCode: number;
  readonly error: Error | undefined;
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

/** Every hook by name. `docs/hooks.md` draws them as the life of a connection. */
export interface Hooks {
  /** Lifecycle: everything is restored, nothing is served yet. In order of registration; throwing stops the start. */
  start(event: Readonly<Record<never, never>>): void | Promise<void>;
  /** Lifecycle: sessions are flushed, the persistence still open. In reverse order of registration. */
  close(event: Readonly<Record<never, never>>): void | Promise<void>;
  /** Decide: a stream was handed over and nothing is read yet. A denial closes it without a word. */
  connection(event: ConnectionEvent): Answer<Verdict>;
  /** Transform: CONNECT is valid; before authentication. */
  connect(event: ConnectEvent): Answer<ConnectChanges | Drop>;
  /** Decide: who is this? Once registered, a client that nobody allows is refused. */
  authenticate(event: AuthenticateEvent): Answer<Verdict<AuthenticateGrant>>;
  /**
   * Decide: a step of an enhanced authentication (section 4.12), in place of `authenticate`. The first hook with
   * an opinion decides; a method that nobody knows is refused with 0x8C.
   */
  exchange(event: ExchangeEvent): Answer<Verdict<ExchangeGrant> | Proceed>;
  /** Decide: may this message be published? Asked after `publish`, on what it made of the message. */
  authorizePublish(event: AuthorizePublishEvent): Answer<Verdict>;
  /** Decide: may this subscription be made? Asked for each filter, after `subscribe`. */
  authorizeSubscribe(event: AuthorizeSubscribeEvent): Answer<Verdict<AuthorizeSubscribeGrant>>;
  /**
   * Transform, synchronous: which member of a share group gets the message? Answers a client identifier of the
   * event; by default the members take turns, those that are ready first.
   */
  selectShared(event: SelectSharedEvent): SyncAnswer<string>;
  /** Decide, synchronous: may this message go to this receiver now? Asked just before it is written. */
  authorizeDeliver(event: DeliveryEvent): SyncAnswer<Verdict>;
  /** Transform: a PUBLISH was accepted by the protocol; before it is authorized. */
  publish(event: MessageEvent): Answer<MessageChanges | Drop>;
  /** Transform: a SUBSCRIBE was accepted by the protocol. The answer has as many entries as the event. */
  subscribe(event: SubscribeEvent): Answer<readonly SubscriptionRequest[] | Drop>;
  /** Transform, synchronous: after authorizeDeliver, for one receiver. The QoS is no longer to be changed. */
  deliver(event: DeliveryEvent): SyncAnswer<Omit<MessageChanges, 'qos' | 'durability'> | Drop>;
  /** Transform: a will is due, after its delay. */
  will(event: WillEvent): Answer<MessageChanges | Drop>;
  /** Observe: CONNACK with success was written. */
  connected(event: ConnectedEvent): void;
  /** Observe: the connection of a client that was connected is closed. */
  disconnected(event: DisconnectedEvent): void;
  /** Observe: a subscription was made or replaced. */
  subscribed(event: SubscribedEvent): void;
  /** Observe: a subscription was removed by UNSUBSCRIBE. */
  unsubscribed(event: UnsubscribedEvent): void;
  /** Observe: a message was routed, and is durable if it had to be. */
  published(event: PublishedEvent): void;
  /** Observe: a message will not arrive at a receiver. */
  dropped(event: DroppedEvent): void;
}

export type HookName = keyof Hooks;

/** How a hook is run: see `docs/hooks.md`. */
export type HookKind = 'lifecycle' | 'decide' | 'transform' | 'observe';

/** The kind of each hook. */
export const hookKinds: { readonly [Name in HookName]: HookKind } = Object.freeze({
  start: 'lifecycle',
  close: 'lifecycle',
  connection: 'decide',
  connect: 'transform',
  authenticate: 'decide',
  exchange: 'decide',
  authorizePublish: 'decide',
  authorizeSubscribe: 'decide',
  selectShared: 'transform',
  authorizeDeliver: 'decide',
  publish: 'transform',
  subscribe: 'transform',
  deliver: 'transform',
  will: 'transform',
  connected: 'observe',
  disconnected: 'observe',
  subscribed: 'observe',
  unsubscribed: 'observe',
  published: 'observe',
  dropped: 'observe',
});
