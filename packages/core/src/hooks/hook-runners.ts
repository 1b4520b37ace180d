import type {
  AcknowledgedEvent,
  Allow,
  AuthenticateEvent,
  AuthenticateGrant,
  AuthorizePublishEvent,
  AuthorizeSubscribeEvent,
  AuthorizeSubscribeGrant,
  ConnackEvent,
  ConnectEvent,
  ConnectedEvent,
  ConnectionEvent,
  ConnectionGrant,
  DeliveryEvent,
  Deny,
  DisconnectEvent,
  DisconnectedEvent,
  Drop,
  DroppedEvent,
  EndedEvent,
  EnqueueEvent,
  EnqueueGrant,
  ExchangeEvent,
  ExchangeGrant,
  ExpiredEvent,
  LimitedEvent,
  MessageEvent,
  OverflowAction,
  OverflowEvent,
  PacketEvent,
  PolicyChangedEvent,
  Proceed,
  PublishedEvent,
  ResumedEvent,
  RetainGrant,
  RouteEvent,
  RouteReceiver,
  SelectSharedEvent,
  SessionEvent,
  SubscribedEvent,
  SubscribeEvent,
  TakenOverEvent,
  UnsubscribedEvent,
  UnsubscribeEvent,
  WillEvent,
} from '@sluice/plugin';

/** Asks all hooks of a decision; a promise only where a hook gave one. Never throws or rejects. */
export type DecideRunner<Event, Grant> = (
  event: Event,
) => Allow<Grant> | Deny | Promise<Allow<Grant> | Deny>;

/** Asks all hooks of a decision that is made at once. Never throws. */
export type DecideNowRunner<Event, Grant> = (event: Event) => Allow<Grant> | Deny;

/** Asks the hooks of an enhanced authentication for the next step. Never throws or rejects. */
export type ExchangeRunner = (event: ExchangeEvent) => ExchangeStep | Promise<ExchangeStep>;

export type ExchangeStep = Allow<ExchangeGrant> | Deny | Proceed;

/** Passes a value through all hooks of a transform: the event with what they made of it. Never throws or rejects. */
export type TransformRunner<Event> = (event: Event) => Event | Drop | Promise<Event | Drop>;

/** Tells all hooks that observe. Never throws. */
export type ObserveRunner<Event> = (event: Event) => void;

/** What hooks made of a session that is about to be resumed. */
export interface SessionOutcome extends SessionEvent {
  /** false when it is to end instead. */
  readonly resume?: false;
}

/** What hooks made of the receivers of a message; the event itself where they changed nothing. */
export interface RouteOutcome extends RouteEvent {
  /** Those of the event that were not removed, in their order: the same objects. */
  readonly receivers: readonly RouteReceiver[];
  /** Those that get it without a subscription; each client once, and nobody who is a receiver already. */
  readonly added?: readonly RouteReceiver[];
}

/** Never throws. */
export type RouteRunner = (event: RouteEvent) => RouteOutcome | Drop;

/** All hooks as functions; undefined where nobody registered one, so that it costs a null check. */
export interface HookRunners {
  /** Rejects with a BrokerError when a hook fails; later ones do not run then. */
  readonly start: (() => Promise<void>) | undefined;
  /** In reverse order; a hook that fails does not keep the others from running. */
  readonly close: (() => Promise<void>) | undefined;

  /** Allows when nobody has an opinion, as `retain` and `enqueue` do; the other decisions deny. */
  readonly connection: DecideRunner<ConnectionEvent, ConnectionGrant> | undefined;
  readonly connect: TransformRunner<ConnectEvent> | undefined;
  readonly authenticate: DecideRunner<AuthenticateEvent, AuthenticateGrant> | undefined;
  readonly exchange: ExchangeRunner | undefined;
  readonly session: TransformRunner<SessionOutcome> | undefined;
  /** A hook that fails leaves it as it was. */
  readonly connack: ((event: ConnackEvent) => ConnackEvent) | undefined;
  readonly connected: ObserveRunner<ConnectedEvent> | undefined;
  readonly takenOver: ObserveRunner<TakenOverEvent> | undefined;
  readonly resumed: ObserveRunner<ResumedEvent> | undefined;
  /** A hook that fails leaves it as it was. */
  readonly disconnect: ((event: DisconnectEvent) => DisconnectEvent) | undefined;
  readonly disconnected: ObserveRunner<DisconnectedEvent> | undefined;
  readonly ended: ObserveRunner<EndedEvent> | undefined;

  readonly publish: TransformRunner<MessageEvent> | undefined;
  readonly authorizePublish: DecideRunner<AuthorizePublishEvent, never> | undefined;
  readonly retain: DecideRunner<MessageEvent, RetainGrant> | undefined;
  readonly route: RouteRunner | undefined;
  /** Client identifier of the member that a hook chose; undefined when none of them did. */
  readonly selectShared: ((event: SelectSharedEvent) => string | undefined) | undefined;
  readonly enqueue: DecideNowRunner<EnqueueEvent, EnqueueGrant> | undefined;
  /** What the first hook with an opinion chose; undefined when none has one. */
  readonly overflow: ((event: OverflowEvent) => OverflowAction | undefined) | undefined;
  readonly published: ObserveRunner<PublishedEvent> | undefined;
  readonly authorizeDeliver: DecideNowRunner<DeliveryEvent, never> | undefined;
  readonly deliver: ((event: DeliveryEvent) => DeliveryEvent | Drop) | undefined;
  readonly delivered: ObserveRunner<DeliveryEvent> | undefined;
  readonly acknowledged: ObserveRunner<AcknowledgedEvent> | undefined;
  readonly refused: ObserveRunner<AcknowledgedEvent> | undefined;
  readonly dropped: ObserveRunner<DroppedEvent> | undefined;
  readonly expired: ObserveRunner<ExpiredEvent> | undefined;
  readonly will: TransformRunner<WillEvent> | undefined;

  readonly subscribe: TransformRunner<SubscribeEvent> | undefined;
  readonly authorizeSubscribe:
    | DecideRunner<AuthorizeSubscribeEvent, AuthorizeSubscribeGrant>
    | undefined;
  readonly subscribed: ObserveRunner<SubscribedEvent> | undefined;
  readonly unsubscribe: TransformRunner<UnsubscribeEvent> | undefined;
  readonly unsubscribed: ObserveRunner<UnsubscribedEvent> | undefined;

  readonly packetReceived: ObserveRunner<PacketEvent> | undefined;
  readonly packetSent: ObserveRunner<PacketEvent> | undefined;
  readonly limited: ObserveRunner<LimitedEvent> | undefined;
  readonly policyChanged: ObserveRunner<PolicyChangedEvent> | undefined;
}
