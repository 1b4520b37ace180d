import {
  binarySize,
  type PacketWriter,
  textSize,
  variableByteIntegerSize,
} from './packet-writer.ts';
import { noProperties, type ProtocolVersion, type UserProperties } from './packets.ts';
import {
  properties as known,
  type Property,
  type PropertyKind,
  type PropertySet,
} from './properties.ts';

const byName = new Map(known.map((property) => [property.name, property]));

/**
 * Bytes of the content of a property block; -1 in 3.x, which has no such block. Throws on a property
 * that `set` does not hold, and on a value that cannot be encoded.
 */
export function measureProperties(
  properties: object,
  set: PropertySet,
  version: ProtocolVersion,
): number {
  if (version !== 5) return -1;
  if (properties === noProperties) return 0;
  let length = 0;
  for (const name in properties) {
    const value = (properties as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const property = byName.get(name);
    if (property === undefined || (property.sets & set) === 0) {
      throw new TypeError(`this packet cannot carry the property ${name}`);
    }
    length += propertySize(property, value);
  }
  return length;
}

/** Bytes of the whole block, with its length, for what `measureProperties` returned. */
export function blockSize(length: number): number {
  return length < 0 ? 0 : variableByteIntegerSize(length) + length;
}

/** Writes the block that was measured. */
export function writeProperties(writer: PacketWriter, properties: object, length: number): void {
  if (length < 0) return;
  writer.variableByteInteger(length);
  if (length === 0) return;
  for (const name in properties) {
    const value = (properties as Record<string, unknown>)[name];
    if (value !== undefined) writeProperty(writer, byName.get(name) as Property, value);
  }
}

function propertySize({ kind }: Property, value: unknown): number {
  switch (kind) {
    case 'flag':
      return 2;
    case 'u16':
    case 'positiveU16':
    case 'topicAlias':
      return 3;
    case 'u32':
    case 'positiveU32':
      return 5;
    case 'identifier':
      return 1 + variableByteIntegerSize(value as number);
    case 'identifiers':
      return sum(value as number[], (identifier) => 1 + variableByteIntegerSize(identifier));
    case 'text':
    case 'topic':
      return 1 + textSize(value as string);
    case 'binary':
      return 1 + binarySize(value as Uint8Array);
    case 'pairs':
      return sum(value as UserProperties, ([name, text]) => 1 + textSize(name) + textSize(text));
  }
}

function writeProperty(writer: PacketWriter, { id, kind, name }: Property, value: unknown): void {
  if (kind === 'identifiers') {
    for (const identifier of value as number[]) {
      writer.u8(id);
      writer.variableByteInteger(positive(identifier, name));
    }
    return;
  }
  if (kind === 'pairs') {
    for (const [key, text] of value as UserProperties) {
      writer.u8(id);
      writer.text(key);
      writer.text(text);
    }
    return;
  }
  writer.u8(id);
  writeValue(writer, kind, name, value);
}

function writeValue(writer: PacketWriter, kind: PropertyKind, name: string, value: unknown): void {
  switch (kind) {
    case 'flag':
      if (value !== 0 && value !== 1) throw new RangeError(`${name} is neither 0 nor 1`);
      writer.u8(value);
      break;
    case 'u16':
      writer.u16(value as number);
      break;
    case 'positiveU16':
    case 'topicAlias':
      writer.u16(positive(value as number, name));
      break;
    case 'u32':
      writer.u32(value as number);
      break;
    case 'positiveU32':
      writer.u32(positive(value as number, name));
      break;
    case 'identifier':
      writer.variableByteInteger(positive(value as number, name));
      break;
    case 'binary':
      writer.binary(value as Uint8Array);
      break;
    default:
      writer.text(value as string);
  }
}

function positive(value: number, name: string): number {
  if (value === 0) throw new RangeError(`${name} cannot be 0`);
  return value;
}

function sum<T>(values: readonly T[], size: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += size(value);
  return total;
}
