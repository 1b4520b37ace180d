import { type ConnectPacket, countLevels, ReasonCode } from '@sluice/packet';
import { type AuthenticateGrant, type Client, type ExchangeGrant, isDrop } from '@sluice/plugin';
import { andThen } from '../and-then.ts';
import { connack } from '../connack.ts';
import type { Connection } from '../connection.ts';
import { Exchange } from '../exchange.ts';
import { ReadingStop } from '../reading.ts';
import { Refusal } from '../refusal.ts';
import { neverExpires } from '../session.ts';

/** CONNECT (section 3.1): nothing of the broker changes before everything about it is accepted. */
export function handleConnect(connection: Connection, packet: ConnectPacket): void | Promise<void> {
  connection.protocolVersion = packet.protocolVersion;
  connection.maximumPacketSize = packet.properties.maximumPacketSize ?? Infinity;
  const { connect } = connection.parts.context.hooks;
  const transformed = connect?.({ connection: connection.info, packet });
  return andThen(transformed, (event) => {
    if (event !== undefined && isDrop(event)) throw Refusal.of(event);
    const wanted = event === undefined ? packet : event.packet;
    const { authenticationMethod: method, authenticationData } = wanted.properties;
    const name = check(connection, wanted);
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

/** The client identifier, and whether the broker had to think of it. */
interface ClientName {
  readonly clientId: string;
  readonly isAssigned: boolean;
}

function authenticated(
  connection: Connection,
  packet: ConnectPacket,
  name: ClientName,
  grant: ExchangeGrant,
): void | Promise<void> {
  const client = clientOf(connection, packet, name.clientId, grant);
  const accepted = { packet, client, isAssigned: name.isAssigned, grant };
  return andThen(authorizeWill(connection, packet, client), () =>
    takeSession(connection, accepted, connection.parts.context.commits.added),
  );
}

/** A CONNECT that every hook agreed to. */
interface AcceptedConnect {
  readonly packet: ConnectPacket;
  readonly client: Client;
  readonly isAssigned: boolean;
  readonly grant: ExchangeGrant;
}

/** Once the client identifier is free; after each wait somebody else may have it. */
function takeSession(
  connection: Connection,
  accepted: AcceptedConnect,
  addedBefore: number,
): void | Promise<void> {
  if (connection.closed) return;
  const { packet, client } = accepted;
  checkOwner(connection, client);
  checkStore(connection, packet, client);
  const ending = connection.parts.registry.makeWay(client.clientId, packet.cleanStart);
  if (ending !== undefined)
    return ending.then(() => takeSession(connection, accepted, addedBefore));
  establish(connection, accepted, addedBefore);
}

/** Checks what the standard leaves to the broker, and names a client that has no name. */
function check(connection: Connection, packet: ConnectPacket): ClientName {
  const { limits, features } = connection.parts.context;
  const { clientId, will, keepAlive, protocolVersion } = packet;
  if (clientId === '' && (protocolVersion === 3 || (protocolVersion === 4 && !packet.cleanStart))) {
    refuse(ReasonCode.clientIdentifierNotValid, 'a client identifier is needed'); // [MQTT-3.1.3-8] of 3.1.1
  }
  if (Buffer.byteLength(clientId) > limits.maxClientIdBytes) {
    refuse(ReasonCode.clientIdentifierNotValid, 'the client identifier is too long');
  }
  const maxKeepAlive = limits.maxKeepAliveSeconds;
  if (maxKeepAlive > 0 && protocolVersion !== 5 && (keepAlive === 0 || keepAlive > maxKeepAlive)) {
    refuse(ReasonCode.notAuthorized, `keep alive must be between 1 and ${maxKeepAlive} s`);
  }
  if (will !== undefined) {
    if (will.retain && !features.retain)
      refuse(ReasonCode.retainNotSupported, 'RETAIN of the will'); // [MQTT-3.2.2-13]
    if (will.qos > limits.maxQos) refuse(ReasonCode.qosNotSupported, 'QoS of the will'); // [MQTT-3.2.2-12]
    if (will.topic === '' || will.topic.startsWith('$SYS/') || will.topic.startsWith('$share/')) {
      refuse(ReasonCode.topicNameInvalid, 'topic of the will');
    }
    const { maxTopicBytes, maxTopicLevels } = limits;
    if (Buffer.byteLength(will.topic) > maxTopicBytes || countLevels(will.topic) > maxTopicLevels) {
      refuse(ReasonCode.topicNameInvalid, 'topic of the will');
    }
  }
  if (clientId !== '') return { clientId, isAssigned: false };
  return { clientId: assignClientId(connection), isAssigned: true };
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
  const ask = connection.parts.context.hooks.authenticate;
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

/** Whether the client may have the session of its client identifier, or a new one. */
function checkOwner(connection: Connection, client: Client): void {
  const { registry, context } = connection.parts;
  const owner = registry.get(client.clientId);
  if (owner !== undefined && owner.identity !== client.identity) {
    refuse(ReasonCode.notAuthorized, 'the client identifier belongs to somebody else');
  }
  if (owner === undefined && registry.size >= context.limits.maxSessions) {
    refuse(ReasonCode.quotaExceeded, 'the broker has no room for another session');
  }
}

/** A client that would wait for its CONNACK until the persistence works again is told to come back then. */
function checkStore(connection: Connection, packet: ConnectPacket, { clientId }: Client): void {
  const { registry, context } = connection.parts;
  if (context.commits.failure === undefined) return;
  const isStored = registry.get(clientId)?.stored === true || requestedExpiry(packet) > 0;
  if (!isStored && packet.will === undefined) return;
  refuse(ReasonCode.serverUnavailable, 'the broker cannot store sessions at the moment');
}

function authorizeWill(
  connection: Connection,
  { will }: ConnectPacket,
  client: Client,
): void | Promise<void> {
  const { context, publishing } = connection.parts;
  const ask = context.hooks.authorizePublish;
  if (will === undefined || ask === undefined) return;
  const { topic, payload, qos, retain, properties } = will;
  const message = publishing.message(client.clientId, topic, payload, qos, retain, properties);
  return andThen(ask({ client, message, isWill: true }), (verdict) => {
    if (!verdict.allowed) throw Refusal.of(verdict);
  });
}

/** Takes the session and answers, when what the answer says is durable. */
function establish(
  connection: Connection,
  { packet, client, isAssigned, grant }: AcceptedConnect,
  addedBefore: number,
): void {
  const { context, registry } = connection.parts;
  const { limits, commits } = context;
  const { protocolVersion, properties, will } = packet;
  const requested = requestedExpiry(packet);
  const expiryInterval = Math.min(requested, limits.maxSessionExpirySeconds);
  const maxKeepAlive = limits.maxKeepAliveSeconds;
  const isCapped = maxKeepAlive > 0 && (packet.keepAlive === 0 || packet.keepAlive > maxKeepAlive);
  const keepAlive = isCapped ? maxKeepAlive : packet.keepAlive;
  connection.terms = {
    keepAlive,
    sendQuota: Math.min(properties.receiveMaximum ?? 65_535, limits.maxInflightMessages),
    topicAliasMaximum: Math.min(properties.topicAliasMaximum ?? 0, limits.topicAliasMaximum),
    sessionExpiryInterval: requested,
  };
  const request = { client, expiryInterval, will };
  const { session, sessionPresent } = registry.connect(connection, request);
  connection.attached(session, client);
  // What another CONNECT has ended already leaves nothing to do, but is not durable before that is.
  const waits = commits.added !== addedBefore || registry.isForgetting(client.clientId);
  const answer = connack(context, protocolVersion, sessionPresent, {
    assignedClientId: isAssigned ? client.clientId : undefined,
    requestedExpiryInterval: requested,
    expiryInterval,
    requestedKeepAlive: packet.keepAlive,
    keepAlive,
    authenticationMethod: connection.authenticationMethod,
    authenticationData: grant.data,
    responseInformation:
      properties.requestResponseInformation === 1 ? grant.responseInformation : undefined,
  });
  connection.reading.stop(ReadingStop.connack);
  connection.answers.act(() => {
    connection.answers.sendPacket(answer);
    if (connection.closed) return;
    connection.established();
    connection.parts.events.connected({ client, sessionPresent });
    session.pump();
    connection.reading.resume(ReadingStop.connack);
  }, waits);
}

/** Session Expiry Interval in seconds: of 5.0 as sent, of 3.x from Clean Session. */
function requestedExpiry({ protocolVersion, properties, cleanStart }: ConnectPacket): number {
  if (protocolVersion === 5) return properties.sessionExpiryInterval ?? 0;
  return cleanStart ? 0 : neverExpires;
}

function refuse(reasonCode: ReasonCode, message: string): never {
  throw new Refusal(reasonCode, message);
}
