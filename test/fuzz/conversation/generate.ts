import { encodePacket, type Packet, type ProtocolVersion, type Qos } from '@sluice/packet';
import {
  acknowledgement,
  aWill,
  connectPacket,
  disconnectPacket,
  pingreq,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../../../packages/core/test/support/packets.ts';
import type { Dice } from '../../simulation/dice.ts';
import { type Conversation, type Peer, peers, type Step, versions } from './step.ts';

// Few names, so that clients meet.
const clientIds = ['a', 'b', 'c', ''] as const;
const topics = ['t', 'a/b', 'a', '/', '$x'] as const;
const filters = [
  't',
  'a/b',
  '#',
  '+/b',
  'a/#',
  '$share/g/t',
  '$share/g/#',
  '$share/h/+',
  '+',
] as const;
const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const;
const qualities: readonly Qos[] = [0, 1, 2];

/** Two to four clients that connect and do a dozen things, most of them right. */
export function generateConversation(dice: Dice): Conversation {
  const spoken = peers.map(() => dice.pick(versions));
  const steps: Step[] = [];
  for (const peer of peers.slice(0, dice.between(2, 4))) {
    steps.push(...connection(peer, spoken[peer] as ProtocolVersion, dice));
  }
  steps.push({ do: 'pass', ms: 0 });
  for (let count = dice.between(4, 16); count > 0; count--) {
    const peer = dice.pick(peers);
    steps.push(...generateSteps(peer, spoken[peer] as ProtocolVersion, dice));
  }
  return steps;
}

/** One or a few steps of one client. */
export function generateSteps(peer: Peer, version: ProtocolVersion, dice: Dice): Step[] {
  const kind = dice.below(100);
  if (kind < 6) return connection(peer, version, dice);
  if (kind < 9) return [{ do: dice.pick(['end', 'reset'] as const), peer }];
  if (kind < 12) return [{ do: dice.pick(['stall', 'take', 'take'] as const), peer }];
  if (kind < 30) return [{ do: 'pass', ms: dice.chance(80) ? 0 : dice.pick([10, 2_000, 20_000]) }];
  const bytes = encode(packet(version, dice), version);
  if (dice.chance(85)) return [{ do: 'send', peer, bytes }];
  const middle = dice.below(bytes.length + 1);
  return [
    { do: 'send', peer, bytes: bytes.subarray(0, middle) },
    { do: 'pass', ms: 0 },
    { do: 'send', peer, bytes: bytes.subarray(middle) },
  ];
}

function connection(peer: Peer, version: ProtocolVersion, dice: Dice): Step[] {
  return [
    { do: 'open', peer },
    { do: 'send', peer, bytes: encode(connect(version, dice), version) },
  ];
}

function connect(version: ProtocolVersion, dice: Dice): Packet {
  const willProperties =
    version === 5 && dice.chance(50) ? { willDelayInterval: dice.below(3) } : {};
  const will = { qos: dice.pick(qualities), retain: dice.chance(30), properties: willProperties };
  const properties = {
    ...(dice.chance(60) && { sessionExpiryInterval: dice.pick([0, 1, 30, 0xffff_ffff]) }),
    ...(dice.chance(30) && { receiveMaximum: dice.between(1, 3) }),
    ...(dice.chance(20) && { maximumPacketSize: dice.pick([20, 60, 1_000]) }),
    ...(dice.chance(30) && { topicAliasMaximum: dice.between(1, 3) }),
  };
  return connectPacket(version, {
    clientId: dice.pick(clientIds),
    cleanStart: dice.chance(50),
    keepAlive: dice.pick([0, 0, 5]),
    ...(dice.chance(30) && { will: aWill(dice.pick(topics), 'w', will) }),
    ...(version === 5 && { properties }),
  });
}

function packet(version: ProtocolVersion, dice: Dice): Packet {
  const packetId = dice.between(1, 5);
  switch (dice.below(10)) {
    case 0:
    case 1:
      return subscribePacket(
        packetId,
        Array.from({ length: dice.between(1, 2) }, () => request(version, dice)),
        version === 5 && dice.chance(30) ? dice.between(1, 3) : undefined,
      );
    case 2:
      return unsubscribePacket(packetId, [dice.pick(filters)]);
    case 3:
    case 4:
    case 5:
      return publish(version, packetId, dice);
    case 6:
      return dice.chance(80) ? pingreq : disconnect(version, dice);
    default:
      return acknowledgement(dice.pick(acknowledgements), packetId);
  }
}

function request(version: ProtocolVersion, dice: Dice) {
  const fields =
    version === 5
      ? { retainAsPublished: dice.chance(30), retainHandling: dice.pick([0, 1, 2] as const) }
      : {};
  return subscription(dice.pick(filters), { qos: dice.pick(qualities), ...fields });
}

function publish(version: ProtocolVersion, packetId: number, dice: Dice): Packet {
  const alias = version === 5 && dice.chance(30) ? { topicAlias: dice.between(1, 4) } : {};
  const expiry = version === 5 && dice.chance(20) ? { messageExpiryInterval: dice.below(3) } : {};
  const topic = 'topicAlias' in alias && dice.chance(50) ? '' : dice.pick(topics);
  const payload = dice.chance(80) ? 'p' : 'p'.repeat(dice.below(300));
  const qos = dice.pick(qualities);
  return publishPacket(topic, dice.chance(10) ? '' : payload, {
    qos,
    packetId,
    retain: dice.chance(20),
    dup: qos > 0 && dice.chance(20),
    properties: { ...alias, ...expiry },
  });
}

function disconnect(version: ProtocolVersion, dice: Dice): Packet {
  if (version !== 5) return disconnectPacket();
  const properties = dice.chance(30) ? { sessionExpiryInterval: dice.below(40) } : {};
  return disconnectPacket(dice.pick([0, 4] as const), properties);
}

function encode(made: Packet, version: ProtocolVersion): Uint8Array {
  return encodePacket(made, version);
}
