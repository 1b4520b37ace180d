import {
  isFailure,
  noProperties,
  PacketType,
  ReasonCode,
  type UnsubscribePacket,
  unsubackCodes,
} from '@sluice/packet';
import { isDrop } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { fittingCode } from '../base/fitting-code.ts';
import type { Connection } from '../connection/connection.ts';
import type { Session } from '../session/session.ts';
import { sessionOf } from './acknowledgement.ts';

/** UNSUBSCRIBE (section 3.10). Messages already in flight go on. */
export function handleUnsubscribe(
  connection: Connection,
  packet: UnsubscribePacket,
): void | Promise<void> {
  const session = sessionOf(connection);
  connection.reading.tookLong();
  const { filters } = packet;
  const { unsubscribe } = connection.hooks;
  if (unsubscribe === undefined) {
    remove(connection, session, packet, filters);
    return;
  }
  return andThen(unsubscribe({ client: session.client, filters }), (event) => {
    if (connection.closed) return;
    if (!isDrop(event)) {
      remove(connection, session, packet, event.filters);
      return;
    }
    const { reasonCode } = event;
    const wanted = isFailure(reasonCode) ? reasonCode : ReasonCode.notAuthorized;
    const code = fittingCode(wanted, unsubackCodes); // [MQTT-3.11.3-2]
    const reasonCodes = filters.map(() => code);
    answer(connection, packet, reasonCodes, false);
  });
}

function remove(
  connection: Connection,
  session: Session,
  packet: UnsubscribePacket,
  filters: readonly string[],
): void {
  const { context, subscriptions } = connection.parts;
  const { commits } = context;
  const before = commits.added;
  const isUsed = connection.protocolVersion === 5 && session.inbox.has(packet.packetId);
  const reasonCodes = filters.map((requested) => {
    if (isUsed) return ReasonCode.packetIdentifierInUse;
    const isRemoved = subscriptions.remove(session, requested);
    return isRemoved ? ReasonCode.success : ReasonCode.noSubscriptionExisted;
  });
  answer(connection, packet, reasonCodes, commits.added !== before);
}

function answer(
  connection: Connection,
  { packetId }: UnsubscribePacket,
  reasonCodes: readonly number[],
  durable: boolean,
): void {
  const { answers } = connection;
  answers.act(
    () =>
      answers.sendPacket({
        type: PacketType.unsuback,
        packetId,
        properties: noProperties,
        reasonCodes,
      }),
    durable,
  );
}
