import type { AedesClient, PublishPacket, Subscription } from './handlers.ts';

/** Events of Aedes that have a counterpart, with their arguments. */
export interface ListenedEvents {
  client(client: AedesClient): void;
  clientReady(client: AedesClient): void;
  clientDisconnect(client: AedesClient): void;
  clientError(client: AedesClient, error: Error): void;
  /** Of a CONNECT that a handler refused with an error. */
  connectionError(client: AedesClient, error: Error): void;
  keepaliveTimeout(client: AedesClient): void;
  publish(packet: PublishPacket, client: AedesClient | null): void;
  /** The packet is undefined where only its identifier was known any more. */
  ack(packet: PublishPacket | undefined, client: AedesClient): void;
  ping(packet: { cmd: 'pingreq' }, client: AedesClient): void;
  /** One subscription at a time, and only those that were made. */
  subscribe(subscriptions: Subscription[], client: AedesClient): void;
  unsubscribe(topics: string[], client: AedesClient): void;
  connackSent(
    packet: { cmd: 'connack'; returnCode: 0; sessionPresent: boolean },
    client: AedesClient,
  ): void;
  closed(): void;
}

export const eventNames: readonly (keyof ListenedEvents)[] = [
  'client',
  'clientReady',
  'clientDisconnect',
  'clientError',
  'connectionError',
  'keepaliveTimeout',
  'publish',
  'ack',
  'ping',
  'subscribe',
  'unsubscribe',
  'connackSent',
  'closed',
];
