import type {
  Allow,
  AuthenticateEvent,
  AuthenticateGrant,
  AuthorizePublishEvent,
  AuthorizeSubscribeEvent,
  AuthorizeSubscribeGrant,
  ConnectEvent,
  ConnectedEvent,
  ConnectionEvent,
  DeliveryEvent,
  Deny,
  DisconnectedEvent,
  Drop,
  DroppedEvent,
  ExchangeEvent,
  ExchangeGrant,
  MessageEvent,
  Proceed,
  PublishedEvent,
  SelectSharedEvent,
  SubscribedEvent,
  SubscribeEvent,
  UnsubscribedEvent,
  WillEvent,
} from '@sluice/plugin';

/** Asks all hooks of a decision; a promise only where a hook gave one. Never throws or rejects. */
export type DecideRunner<Event, Grant> = (
  event: Event,
) => Allow<Grant> | Deny | Promise<Allow<Grant> | Deny>;

/** Asks the hooks of an enhanced authentication for the next step. Never throws or rejects. */
export type ExchangeRunner = (event: ExchangeEvent) => ExchangeStep | Promise<ExchangeStep>;

export type ExchangeStep = Allow<ExchangeGrant> | Deny | Proceed;

/** Passes a value through all hooks of a transform: the event with what they made of it. Never throws or rejects. */
export type TransformRunner<Event> = (event: Event) => Event | Drop | Promise<Event | Drop>;

/** Tells all hooks that observe. Never throws. */
export type ObserveRunner<Event> = (event: Event) => void;

/** All hooks as functions; undefined where nobody registered one, so that it costs a null check. */
export interface HookRunners {
  /** Rejects with a BrokerError when a hook fails; later ones do not run then. */
  readonly start: (() => Promise<void>) | undefined;
  /** In reverse order; a hook that fails does not keep the others from running. */
  readonly close: (() => Promise<void>) | undefined;
  /** Allows when nobody has an opinion; the other decisions deny. */
  readonly connection: DecideRunner<ConnectionEvent, never> | undefined;
  readonly connect: TransformRunner<ConnectEvent> | undefined;
  readonly authenticate: DecideRunner<AuthenticateEvent, AuthenticateGrant> | undefined;
  readonly exchange: ExchangeRunner | undefined;
  readonly authorizePublish: DecideRunner<AuthorizePublishEvent, never> | undefined;
  readonly authorizeSubscribe:
    | DecideRunner<AuthorizeSubscribeEvent, AuthorizeSubscribeGrant>
    | undefined;
  /** Client identifier of the member that a hook chose; undefined when none of them did. */
  readonly selectShared: ((event: SelectSharedEvent) => string | undefined) | undefined;
  readonly authorizeDeliver: ((event: DeliveryEvent) => Allow<never> | Deny) | undefined;
  readonly publish: TransformRunner<MessageEvent> | undefined;
  readonly subscribe: TransformRunner<SubscribeEvent> | undefined;
  readonly deliver: ((event: DeliveryEvent) => DeliveryEvent | Drop) | undefined;
  readonly will: TransformRunner<WillEvent> | undefined;
  readonly connected: ObserveRunner<ConnectedEvent> | undefined;
  readonly disconnected: ObserveRunner<DisconnectedEvent> | undefined;
  readonly subscribed: ObserveRunner<SubscribedEvent> | undefined;
  readonly unsubscribed: ObserveRunner<UnsubscribedEvent> | undefined;
  readonly published: ObserveRunner<PublishedEvent> | undefined;
  readonly dropped: ObserveRunner<DroppedEvent> | undefined;
}
