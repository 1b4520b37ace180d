import {
  noProperties,
  PacketType,
  ProtocolError,
  ReasonCode,
  type UnsubscribePacket,
} from '@sluice/packet';
import type { Connection } from '../connection.ts';
import { sessionOf } from './acknowledgement.ts';

/** UNSUBSCRIBE (section 3.10). Messages already in flight go on. */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  const session = sessionOf(connection);
  const { context, router } = connection.parts;
  const { maxSubscriptionsPerPacket } = context.limits;
  if (packet.filters.length > maxSubscriptionsPerPacket) {
    throw new ProtocolError(
      ReasonCode.quotaExceeded,
      `more than ${maxSubscriptionsPerPacket} filters in one UNSUBSCRIBE`,
    );
  }
  const { packetId } = packet;
  const before = context.commits.added;
  const reasonCodes: number[] = [];
  for (const requested of packet.filters) {
    const subscription = session.subscriptions.get(requested);
    if (connection.protocolVersion === 5 && session.inbox.has(packetId)) {
      reasonCodes.push(ReasonCode.packetIdentifierInUse);
    } else if (subscription === undefined) {
      reasonCodes.push(ReasonCode.noSubscriptionExisted);
    } else {
      session.subscriptions.delete(requested);
      router.remove(subscription); // [MQTT-3.10.4-1]
      session.endReplay(requested);
      context.stats.subscriptions--;
      if (session.stored) {
        context.commits.add({ type: 'unsubscribe', session: session.number, requested });
      }
      reasonCodes.push(ReasonCode.success);
      context.hooks.unsubscribed?.({ client: session.client, filter: requested });
    }
  }
  connection.answers.act(
    () =>
      connection.answers.sendPacket({
        type: PacketType.unsuback,
        packetId,
        properties: noProperties,
        reasonCodes,
      }),
    context.commits.added !== before,
  );
}
