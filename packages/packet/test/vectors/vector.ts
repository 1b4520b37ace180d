import type { Packet, ProtocolVersion } from '../../src/index.ts';

/** One packet on the wire: what the bytes mean, or with which reason code they are refused. */
export interface Vector {
  readonly name: string;
  /** For a `first` packet the version that the decoder knows afterwards, 0 for none. */
  readonly version: ProtocolVersion | 0;
  /** The reading side; the server unless given. */
  readonly role?: 'client';
  /** Hexadecimal; spaces and (annotations) are left out. */
  readonly bytes: string;
  readonly packet?: Packet;
  readonly error?: number;
  /** The bytes are not what the encoder makes of the packet. */
  readonly oneWay?: true;
  /** Nothing came before it: this should be a CONNECT. */
  readonly first?: true;
  readonly maxPacketBytes?: number;
}

export function bytesOf(annotated: string): Buffer {
  const hex = annotated.replace(/\([^)]*\)/g, '').replace(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error(`not hexadecimal: ${annotated}`);
  return Buffer.from(hex, 'hex');
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text);
}
