import type { ProtocolVersion, PublishProperties, Qos } from '@sluice/packet';
import type { Foreign } from './foreign.ts';
import type { ServerProcess, Transport } from './server-process.ts';

/** Properties that all clients can say, in the form that all of them understand. */
export type CommonProperties = Pick<
  PublishProperties,
  'contentType' | 'responseTopic' | 'userProperties' | 'messageExpiryInterval'
> & { readonly correlationData?: string };

export interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  readonly retain?: boolean;
  readonly properties?: CommonProperties;
}

export interface Received extends Outgoing {
  readonly retain: boolean;
  readonly subscriptionIdentifiers?: readonly number[];
}

export interface Login {
  readonly userName: string;
  readonly password: string;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: Qos;
  readonly clientId: string;
  /** The session outlives the connection. false by default. */
  readonly durable?: boolean;
  readonly subscriptionIdentifier?: number;
  readonly will?: Outgoing;
  readonly login?: Login;
}

/** A connected client with one subscription. */
export interface Subscriber {
  next(): Promise<Received>;
  take(count: number): Promise<Received[]>;
  /** Leaves with DISCONNECT. */
  end(): Promise<void>;
  /** Goes without a word. */
  kill(): Promise<void>;
}

/** A client program, speaking one version of MQTT over one transport. */
export interface ClientKind {
  readonly library: string;
  readonly transport: Transport;
  readonly version: ProtocolVersion;
  /** What has to be installed for it. */
  readonly needs: readonly Foreign[];
  /** Whether `publish` rejects when the server answers that it may not (only 5.0 can say so). */
  readonly tellsRefusedPublish: boolean;
  /** Whether `end` of a subscriber asks for its will (DISCONNECT 0x04). */
  readonly endsWithWill: boolean;
  /** Connects, publishes, waits for all acknowledgements and leaves. Rejects when it is refused. */
  publish(server: ServerProcess, messages: readonly Outgoing[], login?: Login): Promise<void>;
  /** Connects, and settles when the subscription is granted. Rejects when it is refused. */
  subscribe(server: ServerProcess, subscription: Subscription): Promise<Subscriber>;
}

/** How people call the versions. */
export const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

export function nameOf({ library, transport, version }: ClientKind): string {
  return `${library} over ${transport.toUpperCase()} ${versionNames[version]}`;
}

/** A name for topics and client identifiers. */
export function slugOf(kind: ClientKind): string {
  return nameOf(kind).replaceAll(/[^A-Za-z0-9]+/g, '-');
}
