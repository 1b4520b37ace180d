import {
  hasWildcard,
  isFailure,
  isValidTopicFilter,
  noProperties,
  PacketType,
  ProtocolError,
  parseSharedFilter,
  type Qos,
  ReasonCode,
  type SubscribePacket,
  type SubscriptionRequest,
  subackCodes,
} from '@sluice/packet';
import { type AuthorizeSubscribeGrant, isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { fittingCode } from '../base/fitting-code.ts';
import { exceededTopicLimit } from '../base/limit-exceeded.ts';
import type { Connection } from '../connection/connection.ts';
import type { Replay } from '../session/replay.ts';
import type { Session } from '../session/session.ts';
import { sessionOf } from './acknowledgement.ts';

/** A filter of SUBSCRIBE on its way: what the client asked for, what a hook made of it, and the answer. */
interface Entry {
  readonly requested: string;
  readonly request: SubscriptionRequest;
  /** Granted QoS or failure. */
  code: number;
}

/** SUBSCRIBE (section 3.8): checked, authorized, made, answered, and then followed by retained messages. */
export function handleSubscribe(
  connection: Connection,
  packet: SubscribePacket,
): void | Promise<void> {
  const session = sessionOf(connection);
  connection.reading.tookLong();
  const requests = packet.subscriptions;
  const { subscribe } = connection.hooks;
  if (subscribe === undefined) return authorize(connection, session, packet, requests);
  return andThen(subscribe({ client: session.client, subscriptions: requests }), (event) => {
    if (connection.closed) return;
    if (!isDrop(event)) return authorize(connection, session, packet, event.subscriptions);
    const { reasonCode } = event;
    const wanted = isFailure(reasonCode) ? reasonCode : ReasonCode.notAuthorized;
    const code = fittingCode(wanted, subackCodes); // [MQTT-3.9.3-2]
    answer(
      connection,
      session,
      packet,
      requests.map(() => code),
      [],
    );
  });
}

function authorize(
  connection: Connection,
  session: Session,
  packet: SubscribePacket,
  requests: readonly SubscriptionRequest[],
): void | Promise<void> {
  const entries = requests.map((request, index): Entry => {
    const requested = packet.subscriptions[index]?.filter ?? request.filter;
    return { requested, request, code: check(connection, session, packet, request) };
  });
  const { inquiries } = connection.parts;
  const inquiry = inquiries.open(session.clientId);
  return andThen(decide(connection, session, entries, 0), () => {
    inquiries.close(inquiry);
    if (connection.closed) return;
    if (inquiry.stale) return authorize(connection, session, packet, requests);
    apply(connection, session, packet, entries);
  });
}

/** Granted QoS of a filter that is formally right, or why it is not (section 3.9.3). */
function check(
  connection: Connection,
  session: Session,
  packet: SubscribePacket,
  { filter, qos }: SubscriptionRequest,
): number {
  const { limits } = connection;
  if (connection.protocolVersion === 5 && session.inbox.has(packet.packetId)) {
    return ReasonCode.packetIdentifierInUse;
  }
  if (!isValidTopicFilter(filter)) return ReasonCode.topicFilterInvalid;
  const unavailable = unavailableFeature(connection, packet, filter);
  if (unavailable !== undefined) {
    // CONNACK said so: a 5.0 client that tries nevertheless breaks the protocol.
    if (connection.protocolVersion === 5) throw new ProtocolError(...unavailable);
    return unavailable[0];
  }
  const exceeded = exceededTopicLimit(filter, limits);
  if (exceeded !== undefined) {
    connection.limited(exceeded, 'refused');
    return ReasonCode.topicFilterInvalid;
  }
  return Math.min(qos, limits.maxQos);
}

/** The feature that a filter needs and the broker does not offer, as the code that says so. */
function unavailableFeature(
  connection: Connection,
  packet: SubscribePacket,
  filter: string,
): [ReasonCode, string] | undefined {
  const { features } = connection.parts.context;
  if (!features.sharedSubscriptions && parseSharedFilter(filter) !== undefined) {
    return [ReasonCode.sharedSubscriptionsNotSupported, 'shared subscriptions are not available'];
  }
  if (!features.wildcardSubscriptions && hasWildcard(filter)) {
    return [ReasonCode.wildcardSubscriptionsNotSupported, 'wildcards are not available'];
  }
  const { subscriptionIdentifier } = packet.properties;
  if (!features.subscriptionIdentifiers && subscriptionIdentifier !== undefined) {
    return [
      ReasonCode.subscriptionIdentifiersNotSupported,
      'subscription identifiers are not available',
    ];
  }
  return undefined;
}

/** Asks authorizeSubscribe about each entry, one after the other. */
function decide(
  connection: Connection,
  session: Session,
  entries: readonly Entry[],
  from: number,
): void | Promise<void> {
  const ask = connection.hooks.authorizeSubscribe;
  if (ask === undefined) return;
  for (let index = from; index < entries.length; index++) {
    const entry = entries[index] as Entry;
    if (isFailure(entry.code)) continue;
    const verdict = ask({ client: session.client, subscription: entry.request });
    if (verdict instanceof Promise) {
      return verdict.then((later) => {
        judge(entry, later);
        return decide(connection, session, entries, index + 1);
      });
    }
    judge(entry, verdict);
  }
}

type Judgement =
  | { readonly allowed: true; readonly grant: AuthorizeSubscribeGrant | undefined }
  | { readonly allowed: false; readonly reasonCode: ReasonCode };

function judge(entry: Entry, verdict: Judgement): void {
  if (verdict.allowed) entry.code = Math.min(entry.code, verdict.grant?.maximumQos ?? 2);
  else entry.code = fittingCode(verdict.reasonCode, subackCodes);
}

/** Makes what was allowed, all in one turn, and answers. */
function apply(
  connection: Connection,
  session: Session,
  packet: SubscribePacket,
  entries: readonly Entry[],
): void {
  const { context, subscriptions } = connection.parts;
  const added = context.commits.added;
  const replays: Replay[] = [];
  const subscriptionIdentifier = packet.properties.subscriptionIdentifier ?? 0;
  for (const entry of entries) {
    if (isFailure(entry.code)) continue;
    const { filter, noLocal, retainAsPublished, retainHandling } = entry.request;
    // Written out, since a spread would cost as much as all the rest.
    const made = subscriptions.add(session, {
      requested: entry.requested,
      filter,
      qos: entry.code as Qos,
      noLocal,
      retainAsPublished,
      retainHandling,
      subscriptionIdentifier,
    });
    if (made === undefined) {
      entry.code = ReasonCode.quotaExceeded;
      connection.limited('maxSubscriptionsPerSession', 'refused');
    } else if (made.replay !== undefined) {
      replays.push(made.replay);
    }
    // A hook ended the connection, and perhaps the session: nothing is made for it any more.
    if (connection.closed) return;
  }
  const durable = context.commits.added !== added;
  answer(
    connection,
    session,
    packet,
    entries.map(({ code }) => code),
    replays,
    durable,
  );
}

/** SUBACK first, retained messages behind it; live messages may come before. */
function answer(
  connection: Connection,
  session: Session,
  packet: SubscribePacket,
  codes: readonly number[],
  replays: readonly Replay[],
  durable = false,
): void {
  const { protocolVersion } = connection;
  const reasonCodes = codes.map((code, index) => {
    if (protocolVersion === 5 || !isFailure(code)) return code;
    // 3.1 has no failure code: such a subscription is granted and stays without messages.
    return protocolVersion === 4 ? 0x80 : (packet.subscriptions[index]?.qos ?? 0);
  });
  const { packetId } = packet;
  connection.answers.act(() => {
    connection.answers.sendPacket({
      type: PacketType.suback,
      packetId,
      properties: noProperties,
      reasonCodes,
    });
    for (const replay of replays) session.replay(replay);
  }, durable);
}
