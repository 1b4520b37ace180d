import type { ListenedEvents } from './listeners.ts';

/** A function that a handler calls once, when it has decided. */
export type Callback<Value = void> = (error?: unknown, value?: Value | null) => void;

/** What handlers are given as `this`: what there is of an Aedes broker. */
export interface AedesBroker {
  readonly connectedClients: number;
  readonly closed: boolean;
  /** Publishes for the application, without `authorizePublish`. The callback comes when it is durable. */
  publish(packet: PublishRequest, callback?: Callback): void;
}

/** A client as handlers know it: the same object as long as the connection lasts, for handlers to add to. */
export interface AedesClient {
  /** Null until it is known: in `preConnect`. */
  readonly id: string | null;
  readonly clean: boolean;
  /** 3, 4 or 5; null in `preConnect`. */
  readonly version: number | null;
  readonly conn: AedesConnection;
  /** The HTTP request that became this stream. */
  readonly req?: AedesRequest | undefined;
  readonly connecting: boolean;
  readonly connected: boolean;
  readonly closed: boolean;
  /** Sends to this client alone. The callback comes when its session has it. */
  publish(packet: PublishRequest, callback?: Callback): void;
  subscribe(subscriptions: SubscribeRequest, callback?: Callback): void;
  unsubscribe(subscriptions: UnsubscribeRequest, callback?: Callback): void;
  close(callback?: () => void): void;
}

/** What is known of a stream; not the stream. */
export interface AedesConnection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** The same as `close` of the client. */
  destroy(): unknown;
}

export interface AedesRequest {
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface PublishRequest {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

export interface OneSubscription {
  readonly topic: string;
  readonly qos?: number;
}

/** One, several, or a whole packet. */
export type SubscribeRequest =
  | OneSubscription
  | readonly OneSubscription[]
  | { readonly subscriptions: readonly OneSubscription[] };

/** Topics, or objects that have one: one, several, or a whole packet. */
export type UnsubscribeRequest =
  | string
  | { readonly topic: string }
  | readonly (string | { readonly topic: string })[]
  | { readonly subscriptions: readonly { readonly topic: string }[] }
  | { readonly unsubscriptions: readonly string[] };

/** A message; handlers may change its fields, `payload` by another one and not byte by byte. */
export interface PublishPacket {
  cmd: 'publish';
  topic: string;
  payload: Buffer | string;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup: boolean;
}

/** Of SUBSCRIBE; handlers may change `topic`, and lower `qos`. */
export interface Subscription {
  topic: string;
  qos: 0 | 1 | 2;
  nl?: boolean;
  rap?: boolean;
  rh?: number;
}

/** Handlers may change all but `protocolId` and `protocolVersion`. */
export interface ConnectPacket {
  cmd: 'connect';
  protocolId: 'MQTT' | 'MQIsdp';
  protocolVersion: 3 | 4 | 5;
  clean: boolean;
  clientId: string;
  /** Seconds. */
  keepalive: number;
  username?: string;
  password?: Buffer;
  will?: { topic: string; payload: Buffer; qos: 0 | 1 | 2; retain: boolean };
}

/**
 * The handlers of an Aedes broker, by their names and with their arguments. They are methods, so that what was typed
 * with the types of Aedes is accepted.
 */
export interface AedesHandlers {
  preConnect?(
    this: AedesBroker,
    client: AedesClient,
    packet: ConnectPacket,
    callback: Callback<boolean>,
  ): unknown;
  /** The error may have a `returnCode` from 2 to 5. */
  authenticate?(
    this: AedesBroker,
    client: AedesClient,
    username: string | undefined,
    password: Buffer | undefined,
    callback: Callback<boolean>,
  ): unknown;
  /** Called for wills, too: with null where the client is not known any more. */
  authorizePublish?(
    this: AedesBroker,
    client: AedesClient | null,
    packet: PublishPacket,
    callback: Callback,
  ): unknown;
  authorizeSubscribe?(
    this: AedesBroker,
    client: AedesClient,
    subscription: Subscription,
    callback: Callback<Subscription>,
  ): unknown;
  authorizeForward?(
    this: AedesBroker,
    client: AedesClient,
    packet: PublishPacket,
    // biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement withholds.
  ): PublishPacket | null | undefined | void;
  /** Holds nothing up: an error of the callback ends the connection. */
  published?(
    this: AedesBroker,
    packet: PublishPacket,
    client: AedesClient | null,
    callback: Callback,
  ): unknown;
}

export interface FromAedesOptions extends AedesHandlers {
  /** Listeners by the names of the events of Aedes. */
  on?: Partial<ListenedEvents> | undefined;
  /** Milliseconds until a callback that does not come refuses; the broker's `hookTimeoutMs` by default. */
  deadlineMs?: number | undefined;
}
