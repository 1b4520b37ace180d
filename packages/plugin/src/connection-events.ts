import type {
  ConnackProperties,
  ConnectPacket,
  Packet,
  ReasonCode,
  UserProperties,
} from '@sluice/packet';
import type { Client, ConnectionInfo } from './client.ts';
import type { ClientLimits } from './client-limits.ts';

export interface ConnectionEvent {
  readonly connection: ConnectionInfo;
}

/** What the hook `connection` may grant. */
export interface ConnectionGrant {
  /** For this connection, in place of the broker's where they are lower. */
  readonly limits?: ClientLimits | undefined;
}

export interface ConnectEvent {
  readonly connection: ConnectionInfo;
  readonly packet: ConnectPacket;
}

/** Fields of CONNECT that a hook may change. */
export type ConnectChanges = Partial<
  Pick<ConnectPacket, 'clientId' | 'userName' | 'password' | 'keepAlive' | 'cleanStart' | 'will'>
>;

export interface AuthenticateEvent {
  readonly connection: ConnectionInfo;
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly packet: ConnectPacket;
}

export interface AuthenticateGrant {
  /** Sessions belong to it: another identity never resumes them. */
  readonly identity?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /** Response Information for a 5.0 client that asks for it (section 3.2.2.3.15): by custom, where its answers should go. */
  readonly responseInformation?: string | undefined;
  /** For this client, in place of the broker's where they are lower. */
  readonly limits?: ClientLimits | undefined;
  /** Milliseconds since 1970: the client is disconnected then (0xA0), unless it authenticated again. */
  readonly expiresAt?: number | undefined;
  /** Reason String of the CONNACK (section 3.2.2.3.9). */
  readonly reasonString?: string | undefined;
  /** User properties of the CONNACK (section 3.2.2.3.10). */
  readonly userProperties?: UserProperties | undefined;
}

export interface ExchangeEvent {
  readonly connection: ConnectionInfo;
  readonly clientId: string;
  /** Authentication Method of CONNECT: the name of a SASL mechanism, by custom. */
  readonly method: string;
  /** Authentication Data of this step. */
  readonly data: Uint8Array | undefined;
  /** Who authenticates again on an open connection; undefined while CONNECT is not accepted. */
  readonly client: Client | undefined;
}

export interface ExchangeGrant extends AuthenticateGrant {
  /** Authentication Data of the CONNACK or AUTH that says so. */
  readonly data?: Uint8Array | undefined;
}

export interface ConnackEvent {
  readonly client: Client;
  readonly sessionPresent: boolean;
  /** What the CONNACK is going to say; empty for 3.x, which has no properties. */
  readonly properties: ConnackProperties;
}

/** What a hook may change of a CONNACK that accepts. */
export type ConnackChanges = Partial<
  Pick<
    ConnackProperties,
    'reasonString' | 'userProperties' | 'responseInformation' | 'serverReference'
  >
>;

export interface ConnectedEvent {
  readonly client: Client;
  readonly sessionPresent: boolean;
}

export interface DisconnectEvent {
  readonly client: Client;
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  readonly serverReference: string | undefined;
  readonly userProperties: UserProperties;
}

/** What a hook may change of a DISCONNECT that the broker sends. */
export interface DisconnectChanges {
  readonly reasonString?: string;
  readonly serverReference?: string;
  readonly userProperties?: UserProperties;
}

export interface DisconnectedEvent {
  readonly client: Client;
  /** Who ended it: the client with DISCONNECT, the broker, or the network (end of stream, error). */
  readonly by: 'client' | 'broker' | 'network';
  /** Of the DISCONNECT that was sent or received; 0 when there was none. */
  readonly reasonCode: number;
  /** Of the stream, or the ProtocolError of a client that broke the protocol. */
  readonly error: Error | undefined;
  readonly traffic: Traffic;
}

/** What went over one connection. */
export interface Traffic {
  /** Milliseconds from the handing over of the stream. */
  readonly durationMs: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** PUBLISH packets, repeated ones included. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
}

export interface PacketEvent {
  readonly connection: ConnectionInfo;
  /** Undefined before CONNECT is accepted. */
  readonly client: Client | undefined;
  readonly packet: Packet;
}

export interface LimitedEvent {
  /** Name of the broker's limit, or of the limiter of a plug-in. */
  readonly limit: string;
  /** What was done about it. */
  readonly action: 'refused' | 'closed' | 'paused' | 'dropped';
  /** Undefined where it is about no single connection. */
  readonly connection: ConnectionInfo | undefined;
  /** Undefined where no client is known yet. */
  readonly clientId: string | undefined;
}
