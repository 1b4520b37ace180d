import { PacketType } from './packets.ts';
import { ReasonCode } from './reason-code.ts';

const typeNames = namesOf(PacketType, (key) => key.toUpperCase());
const codeNames = namesOf(ReasonCode, inWords);

/** A packet type as the standard writes it: `PUBLISH`. */
export function packetTypeName(type: number): string {
  return typeNames.get(type) ?? `packet type ${type}`;
}

/** A reason code in words, for logs: `topic alias invalid`. */
export function reasonCodeName(code: number): string {
  return codeNames.get(code) ?? `reason code 0x${code.toString(16).padStart(2, '0')}`;
}

function namesOf(
  values: Readonly<Record<string, number>>,
  toName: (key: string) => string,
): ReadonlyMap<number, string> {
  return new Map(Object.entries(values).map(([key, value]) => [value, toName(key)]));
}

/** `grantedQos1` to `granted QoS 1`. */
function inWords(key: string): string {
  return key
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/qos(\d?)/, (_, level) => (level === '' ? 'QoS' : `QoS ${level}`));
}
