import { type ConnectPacket, ReasonCode } from '@sluice/packet';
import { type Client, type ExchangeGrant, isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { LimitExceeded } from '../base/limit-exceeded.ts';
import { connack, fitConnack } from '../connection/connack.ts';
import type { Connection } from '../connection/connection.ts';
import { ReadingStop } from '../connection/reading.ts';
import { Refusal } from '../connection/refusal.ts';
import type { Findings } from '../registry/review.ts';
import { neverExpires, type Session } from '../session/session.ts';
import { describeSession } from '../session/session-info.ts';

/** A CONNECT that every hook agreed to. */
export interface AcceptedConnect {
  readonly packet: ConnectPacket;
  readonly client: Client;
  readonly isAssigned: boolean;
  /** Seconds, before a hook changed them. */
  readonly requestedKeepAlive: number;
  readonly grant: ExchangeGrant;
  /** What `commits.added` was before anything was changed for it. */
  readonly addedBefore: number;
  /** The session that the hook `session` was asked about. */
  readonly askedAbout?: Session;
  /** It is not to be resumed. */
  readonly isUnwanted?: boolean;
  /** Who had the client identifier. */
  readonly previous?: Client;
  /** The session whose subscriptions access rules were asked about just now, and what they say. */
  readonly reviewed?: Reviewed | undefined;
}

interface Reviewed {
  readonly session: Session;
  readonly findings: Findings;
}

/** Takes the session once the client identifier is free; after each wait somebody else may have it. */
export function takeSession(
  connection: Connection,
  accepted: AcceptedConnect,
): void | Promise<void> {
  if (connection.closed) return;
  const { packet, client } = accepted;
  const { registry } = connection.parts;
  checkOwner(connection, client);
  checkStore(connection, packet, client);
  const { session: ask } = connection.hooks;
  const found = packet.cleanStart ? undefined : registry.resumable(client.clientId);
  if (ask !== undefined && found !== undefined && found !== accepted.askedAbout) {
    return askAbout(connection, accepted, found, ask);
  }
  const isRefused = found !== undefined && accepted.isUnwanted === true;
  if (found !== undefined && !isRefused && found !== accepted.reviewed?.session) {
    return review(connection, accepted, found);
  }
  const unwanted = packet.cleanStart ? 'clean-start' : isRefused ? 'administrative' : undefined;
  const previous = connectedTo(registry.get(client.clientId)) ?? accepted.previous;
  const taken = previous === undefined ? accepted : { ...accepted, previous };
  const ending = registry.makeWay(client.clientId, unwanted);
  if (ending !== undefined)
    return ending.then(() => takeSession(connection, { ...taken, reviewed: undefined }));
  if (connection.closed) abandon(connection, client);
  else establish(connection, taken);
}

/** A hook saw the other connection end, and ended this one: nobody is left who had the session. */
function abandon({ parts: { registry } }: Connection, { clientId }: Client): void {
  const session = registry.get(clientId);
  if (session !== undefined && session.disconnectedAt === undefined) registry.leave(session);
}

/** Asks the hook `session`, and begins again: the session may be gone meanwhile, or another one there. */
function askAbout(
  connection: Connection,
  accepted: AcceptedConnect,
  found: Session,
  ask: NonNullable<Connection['hooks']['session']>,
): void | Promise<void> {
  const { client, packet } = accepted;
  const expiryInterval = expiryOf(connection, packet);
  return andThen(ask({ client, session: describeSession(found), expiryInterval }), (outcome) => {
    if (connection.closed) return;
    if (isDrop(outcome)) throw Refusal.of(outcome);
    if (outcome.expiryInterval < expiryInterval) {
      // It also bounds what DISCONNECT may ask for.
      connection.grant({ maxSessionExpirySeconds: outcome.expiryInterval });
    }
    const isUnwanted = outcome.resume === false;
    return takeSession(connection, { ...accepted, askedAbout: found, isUnwanted });
  });
}

/** Asks access rules about what the session is subscribed to: they, or what is known of the client, may have changed. */
function review(
  connection: Connection,
  accepted: AcceptedConnect,
  session: Session,
): void | Promise<void> {
  return connection.parts.review.ask({
    session,
    client: accepted.client,
    hooks: connection.hooks,
    isOver: () => connection.closed,
    found: (findings) => {
      if (findings.failed) {
        const unknown = 'the access rules could not be asked';
        throw new Refusal(ReasonCode.implementationSpecificError, unknown);
      }
      return takeSession(connection, { ...accepted, reviewed: { session, findings } });
    },
  });
}

function connectedTo(session: Session | undefined): Client | undefined {
  return session?.sink === undefined ? undefined : session.client;
}

/** Whether the client may have the session of its client identifier, or a new one. */
function checkOwner(connection: Connection, client: Client): void {
  const { registry, context } = connection.parts;
  const owner = registry.get(client.clientId);
  if (owner !== undefined && owner.identity !== client.identity) {
    throw new Refusal(ReasonCode.notAuthorized, 'the client identifier belongs to somebody else');
  }
  if (owner === undefined && registry.size >= context.limits.maxSessions) {
    const full = 'the broker has no room for another session';
    throw new LimitExceeded('maxSessions', ReasonCode.quotaExceeded, full);
  }
}

/** A client that would wait for its CONNACK until the persistence works again is told to come back then. */
function checkStore(connection: Connection, packet: ConnectPacket, { clientId }: Client): void {
  const { registry, context } = connection.parts;
  if (context.commits.failure === undefined) return;
  const isStored = registry.get(clientId)?.stored === true || requestedExpiry(packet) > 0;
  if (!isStored && packet.will === undefined) return;
  const later = 'the broker cannot store sessions at the moment';
  throw new Refusal(ReasonCode.serverUnavailable, later);
}

/** Attaches the session and answers, when what the answer says is durable. */
function establish(connection: Connection, accepted: AcceptedConnect): void {
  const { packet, client, grant, previous, reviewed } = accepted;
  const { context, registry } = connection.parts;
  const { limits, hooks } = connection;
  const { properties, will } = packet;
  const { receiveMaximum = 65_535, topicAliasMaximum = 0 } = properties;
  const expiryInterval = expiryOf(connection, packet);
  connection.terms = {
    keepAlive: keepAliveOf(connection, packet),
    sendQuota: Math.min(receiveMaximum, limits.maxInflightMessages),
    topicAliasMaximum: Math.min(topicAliasMaximum, limits.topicAliasMaximum),
    sessionExpiryInterval: requestedExpiry(packet),
  };
  const request = { client, expiryInterval, will, hooks, limits };
  const { session, sessionPresent } = registry.connect(connection.sink, request);
  connection.attached(session, client);
  if (reviewed !== undefined) connection.parts.review.apply(session, reviewed.findings);
  // What another CONNECT has ended already leaves nothing to do, but is not durable before that is.
  const waits =
    context.commits.added !== accepted.addedBefore || registry.isForgetting(client.clientId);
  if (previous !== undefined) hooks.takenOver?.({ client, previous });
  if (sessionPresent) hooks.resumed?.({ client, session: describeSession(session) });
  if (connection.closed) return;
  connection.reading.stop(ReadingStop.connack);
  connection.answers.act(() => {
    answer(connection, accepted, expiryInterval, sessionPresent);
    if (connection.closed) return;
    connection.established();
    connection.authorizedUntil(grant.expiresAt);
    connection.presence?.connected({ client, sessionPresent });
    session.pump();
    connection.reading.resume(ReadingStop.connack);
  }, waits);
}

/** Sends the CONNACK that accepts. */
function answer(
  connection: Connection,
  { packet, client, isAssigned, requestedKeepAlive, grant }: AcceptedConnect,
  expiryInterval: number,
  sessionPresent: boolean,
): void {
  const { protocolVersion, properties } = packet;
  const { features } = connection.parts.context;
  const mayInform = properties.requestResponseInformation === 1;
  const made = connack(connection.limits, features, protocolVersion, sessionPresent, {
    assignedClientId: isAssigned ? client.clientId : undefined,
    requestedExpiryInterval: requestedExpiry(packet),
    expiryInterval,
    requestedKeepAlive, // [MQTT-3.2.2-22]
    keepAlive: keepAliveOf(connection, packet),
    authenticationMethod: connection.authenticationMethod,
    authenticationData: grant.data,
    responseInformation: mayInform ? grant.responseInformation : undefined,
    reasonString: grant.reasonString,
    userProperties: grant.userProperties,
  });
  const { connack: ask } = connection.hooks;
  if (ask === undefined) {
    connection.answers.sendPacket(fitConnack(made, connection.maximumPacketSize));
    return;
  }
  const asked = ask({ client, sessionPresent, properties: made.properties });
  if (connection.closed) return;
  if (protocolVersion !== 5) {
    connection.answers.sendPacket(made);
    return;
  }
  const { responseInformation, ...others } = asked.properties;
  const informed = mayInform && responseInformation !== undefined; // [MQTT-3.1.2-28]
  const changed = { ...made, properties: informed ? { ...others, responseInformation } : others };
  connection.answers.sendPacket(fitConnack(changed, connection.maximumPacketSize));
}

/** Session Expiry Interval in seconds: of 5.0 as sent, of 3.x from Clean Session. */
function requestedExpiry({ protocolVersion, properties, cleanStart }: ConnectPacket): number {
  if (protocolVersion === 5) return properties.sessionExpiryInterval ?? 0;
  return cleanStart ? 0 : neverExpires;
}

/** Seconds that the session will outlive the connection. */
function expiryOf({ limits }: Connection, packet: ConnectPacket): number {
  return Math.min(requestedExpiry(packet), limits.maxSessionExpirySeconds);
}

/** Seconds of keep alive that count. */
function keepAliveOf({ limits }: Connection, { keepAlive }: ConnectPacket): number {
  const { maxKeepAliveSeconds } = limits;
  if (maxKeepAliveSeconds === 0 || (keepAlive !== 0 && keepAlive <= maxKeepAliveSeconds)) {
    return keepAlive;
  }
  return maxKeepAliveSeconds;
}
