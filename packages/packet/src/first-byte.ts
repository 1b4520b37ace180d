import { malformed, type ProtocolError, protocolError } from './errors.ts';
import { PacketType, type ProtocolVersion } from './packets.ts';
import type { Role } from './reason-rules.ts';

const allowed = 0;
const isMalformed = 1;
const isForbidden = 2;

const sentByServer: readonly number[] = [
  PacketType.connack,
  PacketType.suback,
  PacketType.unsuback,
  PacketType.pingresp,
];
const sentByClient: readonly number[] = [
  PacketType.connect,
  PacketType.subscribe,
  PacketType.unsubscribe,
  PacketType.pingreq,
];
const withFlags0010: readonly number[] = [
  PacketType.pubrel,
  PacketType.subscribe,
  PacketType.unsubscribe,
];

/** What a first byte means to a decoder in one state: an entry for each of the 256 bytes. */
export type FirstByteRules = Uint8Array;

/** By version. */
const made: Readonly<Record<Role, FirstByteRules[]>> = { server: [], client: [] };

/**
 * The rules for one side and version, made once. Version 0 is a server that waits for CONNECT; with
 * a version a server has seen it, and a second one is forbidden.
 */
export function firstByteRules(role: Role, version: ProtocolVersion | 0): FirstByteRules {
  const known = made[role];
  known[version] ??= Uint8Array.from({ length: 0x100 }, (_, byte) => judge(byte, role, version));
  return known[version];
}

/** Throws unless the rules allow the byte. */
export function checkFirstByte(rules: FirstByteRules, byte: number): void {
  if (rules[byte] !== allowed) throw refusal(rules, byte);
}

function refusal(rules: FirstByteRules, byte: number): ProtocolError {
  const message = `first byte 0x${byte.toString(16).padStart(2, '0')}`;
  return rules[byte] === isMalformed
    ? malformed(`${message} has a wrong type or wrong flags`)
    : protocolError(`${message} is not allowed here`);
}

function judge(byte: number, role: Role, version: ProtocolVersion | 0): number {
  const type = byte >> 4;
  if (version === 0 && type !== PacketType.connect) return isForbidden; // [MQTT-3.1.0-1]
  if (type === 0 || (type === PacketType.auth && version !== 5)) return isMalformed;
  if (!hasRightFlags(type, byte & 0x0f, version)) return isMalformed;
  if (version === 0) return allowed;
  const wrongWay = role === 'server' ? sentByServer : sentByClient;
  if (wrongWay.includes(type)) return isForbidden;
  if (role === 'server' && type === PacketType.connect) return isForbidden; // [MQTT-3.1.0-2]
  const disconnectOf3 = type === PacketType.disconnect && version !== 5;
  return disconnectOf3 && role === 'client' ? isForbidden : allowed;
}

function hasRightFlags(type: number, flags: number, version: ProtocolVersion | 0): boolean {
  const qos = (flags >> 1) & 3;
  if (type === PacketType.publish) {
    const dup = (flags & 8) !== 0;
    return qos !== 3 && !(dup && qos === 0); // [MQTT-3.3.1-4] [MQTT-3.3.1-2]
  }
  const hasFlags0010 = withFlags0010.includes(type);
  // 3.1 has a QoS of 1 in these, DUP when they are sent again, and does not use the flags of others.
  if (version === 3) return !hasFlags0010 || qos === 1;
  // CONNECT is judged when it has named its version.
  return version === 0 || flags === (hasFlags0010 ? 0b0010 : 0); // [MQTT-2.1.3-1]
}
