export { BrokerError } from './broker-error.ts';
export type { Client, ConnectionInfo, HttpRequestInfo } from './client.ts';
export type { Durability } from './durability.ts';
export type {
  Answer,
  AuthenticateEvent,
  AuthenticateGrant,
  AuthorizePublishEvent,
  AuthorizeSubscribeEvent,
  AuthorizeSubscribeGrant,
  ConnectChanges,
  ConnectEvent,
  ConnectedEvent,
  ConnectionEvent,
  DeliveryEvent,
  DisconnectedEvent,
  DroppedEvent,
  ExchangeEvent,
  ExchangeGrant,
  HookKind,
  HookName,
  Hooks,
  MessageEvent,
  PublishedEvent,
  SelectSharedEvent,
  SharedMember,
  SubscribedEvent,
  SubscribeEvent,
  SyncAnswer,
  UnsubscribedEvent,
  WillEvent,
} from './hooks.ts';
export { hookKinds } from './hooks.ts';
export type { Matcher, MatcherFactory } from './matcher.ts';
export type { Message, MessageChanges } from './message.ts';
export { DropReason } from './message.ts';
export type { OpenOptions, Operation, OperationType, Persistence } from './persistence.ts';
export type {
  BrokerServices,
  HookOptions,
  OutgoingMessage,
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
export type { Allow, Deny, Drop, Proceed, Verdict } from './verdict.ts';
export { allow, deny, drop, isDrop, proceed, redirect } from './verdict.ts';
