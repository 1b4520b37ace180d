import { Buffer } from 'node:buffer';
import type { DecoderRules } from './decoder-rules.ts';
import { malformed, protocolError } from './errors.ts';
import { decodeText, hasControlCharacter } from './text.ts';

/** Reads the fields of one packet in order; never past `end`, which narrows inside a property block. */
export class PacketReader {
  readonly bytes: Buffer;
  at: number;
  end: number;
  readonly rules: DecoderRules;

  constructor(bytes: Buffer, at: number, end: number, rules: DecoderRules) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.rules = rules;
  }

  get atEnd(): boolean {
    return this.at === this.end;
  }

  u8(): number {
    return this.bytes[this.take(1)] as number;
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  /** A Variable Byte Integer in its shortest form. */
  variableByteInteger(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        // [MQTT-1.5.5-1]
        if (byte === 0 && shift > 0) throw malformed('a Variable Byte Integer is not minimal');
        return value;
      }
    }
    throw malformed('a Variable Byte Integer has more than four bytes');
  }

  packetId(): number {
    const packetId = this.u16();
    if (packetId === 0) throw protocolError('packet identifier 0'); // [MQTT-2.2.1-3]
    return packetId;
  }

  text(): string {
    const length = this.u16();
    const start = this.take(length);
    return decodeText(this.bytes, start, this.at);
  }

  /** A client id, user name, topic name or topic filter: control characters are refused by default. */
  strictText(): string {
    const text = this.text();
    if (!this.rules.allowControlCharacters && hasControlCharacter(text)) {
      throw malformed('a control character or non-character in a name');
    }
    return text;
  }

  /** Binary data, copied: unlike the payload of a PUBLISH it is small, and kept beyond the tick. */
  binary(): Uint8Array {
    const length = this.u16();
    const start = this.take(length);
    const copy = Buffer.allocUnsafeSlow(length);
    this.bytes.copy(copy, 0, start, this.at);
    return copy;
  }

  /** What is left of the packet, one number for each byte. */
  rest(): number[] {
    const start = this.take(this.end - this.at);
    return Array.from(this.bytes.subarray(start, this.end));
  }

  finish(): void {
    if (this.at !== this.end) throw malformed('bytes are left over after the last field');
  }

  /** Steps over `length` bytes and returns where they begin. */
  take(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw malformed('a field ends beyond the packet');
    this.at = start + length;
    return start;
  }
}
