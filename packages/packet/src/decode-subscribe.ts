import { decodeProperties } from './decode-properties.ts';
import { malformed, protocolError, TooManyError } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  noProperties,
  PacketType,
  type ProtocolVersion,
  type Qos,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from './packets.ts';
import { PropertySet } from './properties.ts';
import { parseSharedFilter } from './topics.ts';

export function decodeSubscribe(reader: PacketReader, version: ProtocolVersion): SubscribePacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, PropertySet.subscribe) : noProperties;
  const subscriptions: SubscriptionRequest[] = [];
  while (!reader.atEnd) {
    checkCount(subscriptions.push(decodeSubscription(reader, version)), reader);
  }
  // [MQTT-3.8.3-2]
  if (subscriptions.length === 0) throw protocolError('a SUBSCRIBE without a topic filter');
  return { type: PacketType.subscribe, packetId, properties, subscriptions };
}

export function decodeUnsubscribe(
  reader: PacketReader,
  version: ProtocolVersion,
): UnsubscribePacket {
  const packetId = reader.packetId();
  const properties =
    version === 5 ? decodeProperties(reader, PropertySet.unsubscribe) : noProperties;
  const filters: string[] = [];
  while (!reader.atEnd) checkCount(filters.push(decodeFilter(reader)), reader);
  // [MQTT-3.10.3-2]
  if (filters.length === 0) throw protocolError('an UNSUBSCRIBE without a topic filter');
  return { type: PacketType.unsubscribe, packetId, properties, filters };
}

function decodeSubscription(reader: PacketReader, version: ProtocolVersion): SubscriptionRequest {
  const filter = decodeFilter(reader);
  const options = reader.u8();
  const qos = options & 3;
  if (version !== 5) {
    // 3.1.1: [MQTT-3.8.3-4]; in 3.1 the upper bits are unused.
    if (qos === 3 || (version === 4 && options > 2)) throw malformed('wrong subscription options');
    return {
      filter,
      qos: qos as Qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    };
  }
  const retainHandling = (options >> 4) & 3;
  if (options >= 0x40) throw malformed('reserved subscription options are set'); // [MQTT-3.8.3-5]
  if (qos === 3) throw protocolError('a subscription with QoS 3');
  if (retainHandling === 3) throw protocolError('a subscription with retain handling 3');
  const noLocal = (options & 4) !== 0;
  if (noLocal && parseSharedFilter(filter) !== undefined) {
    throw protocolError('No Local on a shared subscription'); // [MQTT-3.8.3-4]
  }
  return {
    filter,
    qos: qos as Qos,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

function checkCount(filters: number, { rules: { maxFilters } }: PacketReader): void {
  if (filters > maxFilters) throw new TooManyError('maxFilters', maxFilters);
}

/** Wildcards in wrong places are the broker's to answer: they fail one filter, not the connection. */
function decodeFilter(reader: PacketReader): string {
  const filter = reader.strictText();
  if (filter === '') throw malformed('an empty topic filter'); // [MQTT-4.7.3-1]
  return filter;
}
