import type { SubscriptionRequest } from '@sluice/packet';
import type {
  AuthenticateEvent,
  AuthenticateGrant,
  ConnackChanges,
  ConnackEvent,
  ConnectChanges,
  ConnectEvent,
  ConnectedEvent,
  ConnectionEvent,
  ConnectionGrant,
  DisconnectChanges,
  DisconnectEvent,
  DisconnectedEvent,
  ExchangeEvent,
  ExchangeGrant,
  LimitedEvent,
  PacketEvent,
} from './connection-events.ts';
import type { MessageChanges } from './message.ts';
import type {
  AcknowledgedEvent,
  AuthorizePublishEvent,
  DeliveryEvent,
  DroppedEvent,
  EnqueueEvent,
  EnqueueGrant,
  ExpiredEvent,
  MessageEvent,
  OverflowAction,
  OverflowEvent,
  PublishedEvent,
  RetainGrant,
  RouteChanges,
  RouteEvent,
  SelectSharedEvent,
  WillEvent,
} from './message-events.ts';
import type {
  EndedEvent,
  PolicyChangedEvent,
  ResumedEvent,
  SessionChanges,
  SessionEvent,
  TakenOverEvent,
} from './session-events.ts';
import type {
  AuthorizeSubscribeEvent,
  AuthorizeSubscribeGrant,
  SubscribedEvent,
  SubscribeEvent,
  UnsubscribedEvent,
  UnsubscribeEvent,
} from './subscription-events.ts';
import type { Drop, Proceed, Verdict } from './verdict.ts';

/** What a hook that may be asynchronous returns. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement has no opinion.
export type Answer<Value> = Value | undefined | void | Promise<Value | undefined | void>;

/** What a hook that runs once per delivery returns: never a promise. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement has no opinion.
export type SyncAnswer<Value> = Value | undefined | void;

/** Fields that can not be there, although they look as if they could: for the compiler to say so. */
type Without<Field extends string> = { readonly [Name in Field]?: never };

/** Every hook by name. `docs/hooks.md` draws them as the life of a connection. */
export interface Hooks {
  /** Lifecycle: everything is restored, nothing is served yet. In order of registration; throwing stops the start. */
  start(event: Readonly<Record<never, never>>): void | Promise<void>;
  /** Lifecycle: sessions are flushed, the persistence still open. In reverse order of registration. */
  close(event: Readonly<Record<never, never>>): void | Promise<void>;

  /** Decide: a stream was handed over and nothing is read yet. A denial closes it without a word. */
  connection(event: ConnectionEvent): Answer<Verdict<ConnectionGrant>>;
  /** Transform: CONNECT is valid; before authentication. */
  connect(event: ConnectEvent): Answer<ConnectChanges | Drop>;
  /** Decide: who is this? Once registered, a client that nobody allows is refused. */
  authenticate(event: AuthenticateEvent): Answer<Verdict<AuthenticateGrant>>;
  /**
   * Decide: a step of an enhanced authentication (section 4.12), in place of `authenticate`. The first hook with
   * an opinion decides; a method that nobody knows is refused with 0x8C.
   */
  exchange(event: ExchangeEvent): Answer<Verdict<ExchangeGrant> | Proceed>;
  /** Transform: a stored session was found, before it is resumed. A drop refuses the CONNECT. */
  session(event: SessionEvent): Answer<SessionChanges | Drop>;
  /** Transform, synchronous: before a CONNACK that accepts is written. It cannot be dropped. */
  connack(event: ConnackEvent): SyncAnswer<ConnackChanges & Without<'dropped'>>;
  /** Observe: CONNACK with success was written. */
  connected(event: ConnectedEvent): void;
  /** Observe: another connection took over the client identifier. */
  takenOver(event: TakenOverEvent): void;
  /** Observe: a stored session goes on with a new connection. */
  resumed(event: ResumedEvent): void;
  /** Transform, synchronous: before the broker sends a DISCONNECT. It cannot be dropped. */
  disconnect(event: DisconnectEvent): SyncAnswer<DisconnectChanges & Without<'dropped'>>;
  /** Observe: the connection of a client that was connected is closed. */
  disconnected(event: DisconnectedEvent): void;
  /** Observe: a session is over. */
  ended(event: EndedEvent): void;

  /** Transform: a PUBLISH was accepted by the protocol; before it is authorized. */
  publish(event: MessageEvent): Answer<MessageChanges | Drop>;
  /** Decide: may this message be published? Asked after `publish`, on what it made of the message. */
  authorizePublish(event: AuthorizePublishEvent): Answer<Verdict>;
  /** Decide: may this message be retained, or delete a retained one? Denied, it is routed all the same. */
  retain(event: MessageEvent): Answer<Verdict<RetainGrant>>;
  /** Transform, synchronous: the receivers are known; before a member of each share group is chosen. */
  route(event: RouteEvent): SyncAnswer<RouteChanges | Drop>;
  /**
   * Transform, synchronous: which member of a share group gets the message? Answers a client identifier of the
   * event; by default the members take turns, those that are ready first.
   */
  selectShared(event: SelectSharedEvent): SyncAnswer<string>;
  /** Decide, synchronous: may this QoS 1 or 2 message enter the queue of this session? */
  enqueue(event: EnqueueEvent): SyncAnswer<Verdict<EnqueueGrant>>;
  /** Transform, synchronous: the queue of a session is full. The first hook with an opinion decides. */
  overflow(event: OverflowEvent): SyncAnswer<OverflowAction>;
  /** Observe: a message was routed, and is durable if it had to be. */
  published(event: PublishedEvent): void;
  /** Decide, synchronous: may this message go to this receiver now? Asked just before it is written. */
  authorizeDeliver(event: DeliveryEvent): SyncAnswer<Verdict>;
  /** Transform, synchronous: after authorizeDeliver, for one receiver. The QoS is no longer to be changed. */
  deliver(
    event: DeliveryEvent,
  ): SyncAnswer<
    (Omit<MessageChanges, 'qos' | 'durability'> & Without<'qos' | 'durability'>) | Drop
  >;
  /** Observe: a PUBLISH was written to a receiver. */
  delivered(event: DeliveryEvent): void;
  /** Observe: a receiver acknowledged a message with PUBACK or PUBCOMP. */
  acknowledged(event: AcknowledgedEvent): void;
  /** Observe: a receiver refused a message with PUBACK or PUBREC of 0x80 and above. */
  refused(event: AcknowledgedEvent): void;
  /** Observe: a message will not arrive at a receiver. */
  dropped(event: DroppedEvent): void;
  /** Observe: the time of a message was over while it waited, or was retained. */
  expired(event: ExpiredEvent): void;
  /** Transform: a will is due, after its delay. */
  will(event: WillEvent): Answer<MessageChanges | Drop>;

  /** Transform: a SUBSCRIBE was accepted by the protocol. The answer has as many entries as the event. */
  subscribe(event: SubscribeEvent): Answer<readonly SubscriptionRequest[] | Drop>;
  /** Decide: may this subscription be made? Asked for each filter, after `subscribe`. */
  authorizeSubscribe(event: AuthorizeSubscribeEvent): Answer<Verdict<AuthorizeSubscribeGrant>>;
  /** Observe: a subscription was made or replaced. */
  subscribed(event: SubscribedEvent): void;
  /** Transform: an UNSUBSCRIBE came. The answer has as many filters as the event. */
  unsubscribe(event: UnsubscribeEvent): Answer<readonly string[] | Drop>;
  /** Observe: a subscription was removed. */
  unsubscribed(event: UnsubscribedEvent): void;

  /** Observe, before it is handled: a packet came, of any kind. For tracing: it costs every packet. */
  packetReceived(event: PacketEvent): void;
  /** Observe: a packet was written, of any kind. For tracing: it costs every packet. */
  packetSent(event: PacketEvent): void;
  /** Observe: a limit of the broker or of a plug-in did something. */
  limited(event: LimitedEvent): void;
  /** Observe: access rules changed. What was asked of them before is void. */
  policyChanged(event: PolicyChangedEvent): void;
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
  session: 'transform',
  connack: 'transform',
  connected: 'observe',
  takenOver: 'observe',
  resumed: 'observe',
  disconnect: 'transform',
  disconnected: 'observe',
  ended: 'observe',
  publish: 'transform',
  authorizePublish: 'decide',
  retain: 'decide',
  route: 'transform',
  selectShared: 'transform',
  enqueue: 'decide',
  overflow: 'transform',
  published: 'observe',
  authorizeDeliver: 'decide',
  deliver: 'transform',
  delivered: 'observe',
  acknowledged: 'observe',
  refused: 'observe',
  dropped: 'observe',
  expired: 'observe',
  will: 'transform',
  subscribe: 'transform',
  authorizeSubscribe: 'decide',
  subscribed: 'observe',
  unsubscribe: 'transform',
  unsubscribed: 'observe',
  packetReceived: 'observe',
  packetSent: 'observe',
  limited: 'observe',
  policyChanged: 'observe',
});
