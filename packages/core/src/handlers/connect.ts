import { isUtf8 } from 'node:buffer';
import { type ConnectPacket, ReasonCode } from '@sluice/packet';
import { type AuthenticateGrant, type Client, type ExchangeGrant, isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { exceededTopicLimit, LimitExceeded } from '../base/limit-exceeded.ts';
import { isReservedTopic } from '../base/reserved-topic.ts';
import type { Connection } from '../connection/connection.ts';
import { Exchange } from '../connection/exchange.ts';
import { Refusal } from '../connection/refusal.ts';
import { takeSession } from './establish.ts';
import { checkUserProperties } from './user-properties.ts';

/** CONNECT (section 3.1): nothing of the broker changes before everything about it is accepted. */
export function handleConnect(connection: Connection, packet: ConnectPacket): void | Promise<void> {
  connection.protocolVersion = packet.protocolVersion;
  connection.clientId = packet.clientId;
  connection.maximumPacketSize = packet.properties.maximumPacketSize ?? Infinity;
  checkMemory(connection, packet);
  const transformed = connection.hooks.connect?.({ connection: connection.info, packet });
  return andThen(transformed, (event) => {
    if (connection.closed) return;
    if (event !== undefined && isDrop(event)) throw Refusal.of(event);
    const wanted = event === undefined ? packet : event.packet;
    const { authenticationMethod: method, authenticationData } = wanted.properties;
    const name = check(connection, wanted, packet);
    connection.clientId = name.clientId;
    if (method === undefined) {
      return andThen(authenticate(connection, wanted, name.clientId), (grant) =>
        authenticated(connection, wanted, name, grant),
      );
    }
    connection.authenticationMethod = method;
    connection.exchange = new Exchange(connection, name.clientId, method, undefined, (grant) =>
      authenticated(connection, wanted, name, grant),
    );
    return connection.exchange.step(method, authenticationData);
  });
}

/** Before anything is spent on the client: its password is not even hashed. */
function checkMemory(connection: Connection, { clientId }: ConnectPacket): void {
  const { context, registry } = connection.parts;
  const { overload, persistence, serverReference } = context;
  if (!overload.isRefusing) return;
  // Who is there to take what fills the memory makes room.
  const isInMemory = persistence.memoryBytes !== undefined;
  if (isInMemory && (registry.get(clientId)?.outbox.size ?? 0) > 0) return;
  const short = 'the broker is short of memory';
  if (serverReference === undefined) {
    throw new LimitExceeded('maxMemoryBytes', ReasonCode.quotaExceeded, short);
  }
  connection.limited('maxMemoryBytes', 'refused');
  throw new Refusal(ReasonCode.useAnotherServer, short, serverReference);
}

/** The client identifier, and what the client has to be told of since it did not ask for it. */
interface ClientName {
  readonly clientId: string;
  /** It had none. */
  readonly isAssigned: boolean;
  /** Seconds that it asked for, whatever a hook made of them. */
  readonly requestedKeepAlive: number;
}

function authenticated(
  connection: Connection,
  packet: ConnectPacket,
  name: ClientName,
  grant: ExchangeGrant,
): void | Promise<void> {
  if (connection.closed) return;
  const client = clientOf(connection, packet, name.clientId, grant);
  const { context } = connection.parts;
  if (grant.expiresAt !== undefined && grant.expiresAt <= context.environment.now()) {
    refuse(ReasonCode.notAuthorized, 'the authorization is over');
  }
  if (grant.limits !== undefined) {
    connection.grant(grant.limits);
    checkTerms(connection, packet);
  }
  const { isAssigned, requestedKeepAlive } = name;
  return andThen(authorizeWill(connection, packet, client), () => {
    const told = { isAssigned, requestedKeepAlive };
    const accepted = { packet, client, ...told, grant, addedBefore: context.commits.added };
    return takeSession(connection, accepted);
  });
}

/** Checks what the standard leaves to the broker, and names a client that has no name. */
function check(connection: Connection, packet: ConnectPacket, asked: ConnectPacket): ClientName {
  const { limits } = connection;
  const { clientId, will, protocolVersion } = packet;
  if (clientId === '' && (protocolVersion === 3 || (protocolVersion === 4 && !packet.cleanStart))) {
    refuse(ReasonCode.clientIdentifierNotValid, 'a client identifier is needed'); // [MQTT-3.1.3-8] of 3.1.1
  }
  if (Buffer.byteLength(clientId) > limits.maxClientIdBytes) {
    const reasonCode = ReasonCode.clientIdentifierNotValid;
    throw new LimitExceeded('maxClientIdBytes', reasonCode, 'the client identifier is too long');
  }
  checkTerms(connection, packet);
  if (will !== undefined) {
    checkUserProperties(will.properties, limits);
    const { features } = connection.parts.context;
    // A 3.x client cannot know, and so its will is not retained, as its messages are not.
    if (will.retain && !features.retain && protocolVersion === 5)
      refuse(ReasonCode.retainNotSupported, 'RETAIN of the will'); // [MQTT-3.2.2-13]
    const { payloadFormatIndicator } = will.properties;
    if (features.payloadFormatCheck && payloadFormatIndicator === 1 && !isUtf8(will.payload)) {
      refuse(ReasonCode.payloadFormatInvalid, 'the payload of the will is not UTF-8');
    }
    if (will.topic === '' || isReservedTopic(will.topic)) {
      refuse(ReasonCode.topicNameInvalid, 'topic of the will');
    }
    const exceeded = exceededTopicLimit(will.topic, limits);
    if (exceeded !== undefined) {
      throw new LimitExceeded(exceeded, ReasonCode.topicNameInvalid, 'topic of the will');
    }
  }
  return {
    clientId: clientId === '' ? assignClientId(connection) : clientId,
    isAssigned: asked.clientId === '' || clientId === '', // [MQTT-3.2.2-16]
    requestedKeepAlive: asked.keepAlive,
  };
}

/** Checks what depends on limits that hooks may lower. */
function checkTerms(connection: Connection, packet: ConnectPacket): void {
  const { maxKeepAliveSeconds, maxQos } = connection.limits;
  const { keepAlive, protocolVersion, will } = packet;
  const isTooLong = maxKeepAliveSeconds > 0 && (keepAlive === 0 || keepAlive > maxKeepAliveSeconds);
  // A 5.0 client is told what to keep to.
  if (isTooLong && protocolVersion !== 5) {
    const allowed = `keep alive must be between 1 and ${maxKeepAliveSeconds} s`;
    throw new LimitExceeded('maxKeepAliveSeconds', ReasonCode.notAuthorized, allowed);
  }
  if (will !== undefined && will.qos > maxQos) {
    throw new LimitExceeded('maxQos', ReasonCode.qosNotSupported, 'QoS of the will'); // [MQTT-3.2.2-12]
  }
}

/** A name that nobody has and nobody guesses: an id alone tells the one after it. */
function assignClientId({ parts: { context, registry } }: Connection): string {
  for (;;) {
    const secret = Buffer.from(context.environment.random(9)).toString('base64url');
    const clientId = `${context.environment.newId()}-${secret}`;
    if (registry.get(clientId) === undefined) return clientId; // [MQTT-3.2.2-16]
  }
}

function authenticate(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
): AuthenticateGrant | Promise<AuthenticateGrant> {
  const ask = connection.hooks.authenticate;
  if (ask === undefined) return {};
  const { userName, password } = packet;
  const event = { connection: connection.info, clientId, userName, password, packet };
  return andThen(ask(event), (verdict) => {
    if (!verdict.allowed) throw Refusal.of(verdict);
    return verdict.grant ?? {};
  });
}

function clientOf(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  { identity, attributes }: AuthenticateGrant,
): Client {
  const { userName, protocolVersion } = packet;
  return {
    clientId,
    userName,
    identity: identity ?? userName ?? '',
    attributes: attributes ?? {},
    protocolVersion,
    connection: connection.info,
  };
}

function authorizeWill(
  connection: Connection,
  { will }: ConnectPacket,
  client: Client,
): void | Promise<void> {
  const { publishing } = connection.parts;
  const ask = connection.hooks.authorizePublish;
  if (will === undefined || ask === undefined) return;
  const { topic, payload, qos, retain, properties } = will;
  const message = publishing.message(client.clientId, topic, payload, qos, retain, properties);
  return andThen(ask({ client, message, isWill: true }), (verdict) => {
    if (!verdict.allowed) throw Refusal.of(verdict);
  });
}

function refuse(reasonCode: ReasonCode, message: string): never {
  throw new Refusal(reasonCode, message);
}
