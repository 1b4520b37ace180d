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
  MessageEvent,
  PublishedEvent,
  SubscribedEvent,
  SubscribeEvent,
  UnsubscribedEvent,
  WillEvent,
} from '@sluice/plugin';

/** Asks all hooks of a decision; a promise only where a hook gave one. Never throws or rejects. */
export type DecideRunner<Event, Grant> = (
  event: Event,
) => Allow<Grant> | Deny | Promise<Allow<Grant> | Deny>;

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
  readonly authorizePublish: DecideRunner<AuthorizePublishEvent, never> | undefined;
  readonly authorizeSubscribe:
    | DecideRunner<AuthorizeSubscribeEvent, AuthorizeSubscribeGrant>
    | undefined;
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
