import { type Packet, PacketType, type ProtocolVersion } from '@sluice/packet';
import type { Dice } from '../../simulation/dice.ts';

const texts = ['', 'a', 'é', '/', 'a/', '+/', '😀'] as const;

/** A packet that a client may send, as long as 64 KB, with a great many of something. */
export function largePacket(dice: Dice): { packet: Packet; version: ProtocolVersion } {
  const most = 60_000;
  const text = dice.pick(texts);
  const size = Buffer.byteLength(text);
  const long = text.repeat(dice.below(most / Math.max(1, size)));
  const many = <Item>(bytes: number, item: Item): Item[] =>
    new Array<Item>(dice.between(1, Math.floor(most / bytes))).fill(item);
  const version = 5;
  switch (dice.below(5)) {
    case 0: {
      const userProperties = many(5 + 2 * size, [text, text] as const);
      const packet = { ...publish('t'), properties: { userProperties } };
      return { packet, version };
    }
    case 1: {
      const filters = many(2 + size, text);
      return {
        packet: { type: PacketType.unsubscribe, packetId: 1, properties: {}, filters },
        version,
      };
    }
    case 2: {
      const request = { filter: text, qos: 0, noLocal: false, retainAsPublished: false } as const;
      const subscriptions = many(3 + size, { ...request, retainHandling: 0 } as const);
      const packet = { type: PacketType.subscribe, packetId: 1, properties: {}, subscriptions };
      return { packet, version };
    }
    case 3:
      return { packet: publish(long || 't'), version: dice.pick([3, 4]) };
    default: {
      const userProperties = many(5 + 2 * size, [text, text] as const);
      const fields = { protocolVersion: version, cleanStart: true, keepAlive: 0, clientId: 'a' };
      const packet = { type: PacketType.connect, ...fields, properties: { userProperties } };
      return { packet: packet as Packet, version };
    }
  }
}

function publish(topic: string) {
  const type = PacketType.publish;
  const payload = new Uint8Array(0);
  return {
    type,
    qos: 0,
    retain: false,
    dup: false,
    topic,
    packetId: 0,
    properties: {},
    payload,
  } as const;
}
