export { fromAedes } from './from-aedes.ts';
export type {
  AedesBroker,
  AedesClient,
  AedesConnection,
  AedesHandlers,
  AedesRequest,
  Callback,
  ConnectPacket,
  FromAedesOptions,
  PublishPacket,
  PublishRequest,
  SubscribeRequest,
  Subscription,
  UnsubscribeRequest,
} from './handlers.ts';
export type { ListenedEvents } from './listeners.ts';
