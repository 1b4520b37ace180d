import { malformed, ProtocolError, protocolError, TooManyError } from './errors.ts';
import type { PacketReader } from './packet-reader.ts';
import { noProperties } from './packets.ts';
import { type Property, PropertySet, properties } from './properties.ts';
import { ReasonCode } from './reason-code.ts';
import { isTopicName } from './topics.ts';

const byId: (Property | undefined)[] = new Array(0x80).fill(undefined);
for (const property of properties) byId[property.id] ??= property;
const subscriptionIdentifier = properties.find(({ kind }) => kind === 'identifier');

/** The values by their names; the packet types say which ones a set can hold. */
export type DecodedProperties = Record<string, unknown>;

/** Reads a property block: its length, then properties of `set` until it is used up. */
export function decodeProperties(reader: PacketReader, set: PropertySet): DecodedProperties {
  const length = reader.variableByteInteger();
  if (length === 0) return noProperties;
  const packetEnd = reader.end;
  const start = reader.take(length);
  reader.end = reader.at;
  reader.at = start;
  const values: DecodedProperties = {};
  while (!reader.atEnd) decodeProperty(reader, set, values);
  reader.end = packetEnd;
  return values;
}

function decodeProperty(reader: PacketReader, set: PropertySet, values: DecodedProperties): void {
  // An id is a Variable Byte Integer, but none that is assigned needs a second byte.
  const id = reader.u8();
  let property = byId[id];
  if (property === undefined) throw malformed(`unknown property 0x${id.toString(16)}`);
  if (set === PropertySet.subscribe && property.kind === 'identifiers') {
    property = subscriptionIdentifier as Property;
  }
  const { name, kind } = property;
  // It can be parsed, which an identifier that does not exist cannot [MQTT-3.3.4-6].
  if ((property.sets & set) === 0) throw protocolError(`property ${name} does not belong here`);
  const earlier = values[name];
  if (kind === 'pairs') {
    const pair = [reader.text(), reader.text()] as const;
    const pairs = (earlier ?? []) as (typeof pair)[];
    const { maxUserProperties } = reader.rules;
    if (pairs.push(pair) > maxUserProperties) {
      throw new TooManyError('maxUserProperties', maxUserProperties);
    }
    values[name] = pairs;
  } else if (kind === 'identifiers') {
    const identifier = positive(reader.variableByteInteger(), name);
    if (earlier === undefined) values[name] = [identifier];
    else (earlier as number[]).push(identifier);
  } else {
    if (earlier !== undefined) throw protocolError(`property ${name} is there twice`);
    values[name] = decodeValue(reader, property);
  }
}

function decodeValue(reader: PacketReader, { kind, name }: Property): unknown {
  switch (kind) {
    case 'flag': {
      const value = reader.u8();
      if (value > 1) throw protocolError(`${name} is neither 0 nor 1`);
      return value;
    }
    case 'u16':
      return reader.u16();
    case 'positiveU16':
      return positive(reader.u16(), name);
    case 'topicAlias': {
      const alias = reader.u16();
      // [MQTT-3.3.2-8]
      if (alias === 0) throw new ProtocolError(ReasonCode.topicAliasInvalid, 'topic alias 0');
      return alias;
    }
    case 'u32':
      return reader.u32();
    case 'positiveU32':
      return positive(reader.u32(), name);
    case 'identifier':
      return positive(reader.variableByteInteger(), name);
    case 'topic': {
      const topic = reader.strictText();
      // [MQTT-3.3.2-14]
      if (!isTopicName(topic)) throw protocolError(`${name} is empty or has a wildcard`);
      return topic;
    }
    case 'binary':
      return reader.binary();
    default:
      return reader.text();
  }
}

function positive(value: number, name: string): number {
  if (value === 0) throw protocolError(`${name} is 0`);
  return value;
}
