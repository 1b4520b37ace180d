export { BrokerError } from './broker-error.ts';
export type { Client, ConnectionInfo, HttpRequestInfo } from './client.ts';
export type { ClientLimits } from './client-limits.ts';
export type { Clock } from './clock.ts';
export { ConnectionEnd } from './connection-end.ts';
export type {
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
  Traffic,
} from './connection-events.ts';
export type { Durability } from './durability.ts';
export type { Answer, HookKind, HookName, Hooks, SyncAnswer } from './hooks.ts';
export { hookKinds } from './hooks.ts';
export type { Matcher, MatcherFactory } from './matcher.ts';
export type { Message, MessageChanges } from './message.ts';
export { DropReason } from './message.ts';
export type {
  AcknowledgedEvent,
  AuthorizePublishEvent,
  DeliveryEvent,
  DroppedEvent,
  EnqueueEvent,
  EnqueueGrant,
  ExpiredEvent,
  MessageEvent,
  OverflowEvent,
  PublishedEvent,
  RetainGrant,
  RouteAddition,
  RouteChanges,
  RouteEvent,
  RouteReceiver,
  SelectSharedEvent,
  SharedMember,
  WillEvent,
} from './message-events.ts';
export { OverflowAction } from './message-events.ts';
export type { OverloadLevel } from './overload-level.ts';
export type { OpenOptions, Operation, OperationType, Persistence } from './persistence.ts';
export type {
  HookFilter,
  HookOptions,
  Plugin,
  PluginContext,
  Services,
} from './plugin.ts';
export type {
  QueuedMessage,
  ReceivedRecord,
  RestoredSession,
  SessionRecord,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from './records.ts';
export type {
  BrokerServices,
  DisconnectOptions,
  OutgoingMessage,
  PublishOptions,
  RetainedService,
  SessionService,
  SubscriptionInfo,
  SubscriptionService,
  WantedSubscription,
} from './services.ts';
export type {
  EndedEvent,
  PolicyChangedEvent,
  ResumedEvent,
  SessionChanges,
  SessionEvent,
  SessionInfo,
  SessionTraffic,
  TakenOverEvent,
} from './session-events.ts';
export type { BrokerStats } from './stats.ts';
export type {
  AuthorizeSubscribeEvent,
  AuthorizeSubscribeGrant,
  SubscribedEvent,
  SubscribeEvent,
  UnsubscribedEvent,
  UnsubscribeEvent,
} from './subscription-events.ts';
export type { Allow, Deny, Drop, Proceed, Verdict } from './verdict.ts';
export { allow, deny, drop, isDrop, proceed, redirect } from './verdict.ts';
