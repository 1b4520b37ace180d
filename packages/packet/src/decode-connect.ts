import { decodeProperties } from './decode-properties.ts';
import { malformed, ProtocolError, protocolError, UnsupportedVersionError } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  type ConnectPacket,
  type ConnectProperties,
  noProperties,
  PacketType,
  type ProtocolVersion,
  type Qos,
  type Will,
} from './packets.ts';
import { PropertySet } from './properties.ts';
import { ReasonCode } from './reason-code.ts';
import { isTopicName } from './topics.ts';

// Connect Flags (section 3.1.2.3)
const userNameFlag = 0x80;
const passwordFlag = 0x40;
const willRetainFlag = 0x20;
const willQosBits = 0x18;
const willFlag = 0x04;
const cleanStartFlag = 0x02;
const reservedFlag = 0x01;

/**
 * Reads protocol name and level, apart from the rest of CONNECT, so that an error behind them can
 * be answered in the form of the version that the client speaks.
 */
export function decodeProtocolVersion(reader: PacketReader): ProtocolVersion {
  const start = reader.take(reader.u16());
  const name = reader.bytes.toString('latin1', start, reader.at);
  // [MQTT-3.1.2-1]
  if (name !== 'MQTT' && name !== 'MQIsdp') throw malformed('CONNECT has a wrong protocol name');
  const level = reader.u8();
  if (name === 'MQIsdp' ? level === 3 : level === 4 || level === 5) return level as ProtocolVersion;
  // Bit 7 is how bridges of Mosquitto announce themselves: they fall back when they read 3.x's 1.
  const isLater = name === 'MQTT' && level >= 6 && level < 0x80;
  throw new UnsupportedVersionError(isLater ? 5 : 4, `unsupported: ${name} with level ${level}`);
}

/** Reads a CONNECT from its flags on. */
export function decodeConnect(reader: PacketReader, version: ProtocolVersion): ConnectPacket {
  const flags = reader.u8();
  checkFlags(flags, version);
  const keepAlive = reader.u16();
  const properties = version === 5 ? decodeConnectProperties(reader) : noProperties;
  const clientId = reader.strictText();
  const will = (flags & willFlag) === 0 ? undefined : decodeWill(reader, flags, version);
  const hasUserName = (flags & userNameFlag) !== 0 && !isCutShort(reader, version);
  const userName = hasUserName ? reader.strictText() : undefined;
  const hasPassword = (flags & passwordFlag) !== 0 && !isCutShort(reader, version);
  const password = hasPassword ? reader.binary() : undefined;
  reader.finish();
  return {
    type: PacketType.connect,
    protocolVersion: version,
    cleanStart: (flags & cleanStartFlag) !== 0,
    keepAlive,
    clientId,
    ...(will && { will }),
    ...(userName !== undefined && { userName }),
    ...(password && { password }),
    properties,
  };
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  // [MQTT-3.1.2-3]; in 3.1 the bit is unused, not reserved.
  if ((flags & reservedFlag) !== 0 && version !== 3) throw malformed('CONNECT flag bit 0 is set');
  const willQos = (flags & willQosBits) >> 3;
  if (willQos === 3) throw malformed('will QoS 3'); // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  if ((flags & willFlag) === 0 && (flags & (willQosBits | willRetainFlag)) !== 0) {
    throw malformed('will QoS or will retain without a will');
  }
  // 3.1.1: [MQTT-3.1.2-22]
  if (version !== 5 && (flags & passwordFlag) !== 0 && (flags & userNameFlag) === 0) {
    throw malformed('a password without a user name');
  }
}

function decodeConnectProperties(reader: PacketReader): ConnectProperties {
  const properties: ConnectProperties = decodeProperties(reader, PropertySet.connect);
  if (properties.authenticationData && properties.authenticationMethod === undefined) {
    throw protocolError('authentication data without a method');
  }
  return properties;
}

function decodeWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? decodeProperties(reader, PropertySet.will) : noProperties;
  const topic = reader.strictText();
  if (!isTopicName(topic)) {
    throw new ProtocolError(ReasonCode.topicNameInvalid, 'a will topic is empty or has a wildcard');
  }
  return {
    topic,
    payload: reader.binary(),
    qos: ((flags & willQosBits) >> 3) as Qos,
    retain: (flags & willRetainFlag) !== 0,
    properties,
  };
}

/** In 3.1 the Remaining Length outranks the flags: a field behind the end is simply not there. */
function isCutShort(reader: PacketReader, version: ProtocolVersion): boolean {
  return version === 3 && reader.atEnd;
}
