import { headerBytes, recordVersion } from './byte-writer.ts';
import { recordChecksum } from './checksum.ts';

/** Why a record cannot be trusted; caught where records are read, never thrown to the application. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

/** Reads what a ByteWriter wrote, one value after another. */
export class ByteReader {
  #buffer: Buffer = Buffer.alloc(0);
  #position = 0;

  /** Begins with a value. Throws DamagedRecord unless version and checksum fit. */
  open(key: Buffer, value: Buffer): this {
    if (value.length < headerBytes) throw new DamagedRecord('it is too short');
    if (value[0] !== recordVersion) {
      throw new DamagedRecord(`its version ${value[0]} is unknown`);
    }
    if (value.readUInt32BE(1) !== recordChecksum(key, value, headerBytes)) {
      throw new DamagedRecord('its checksum does not match');
    }
    this.#buffer = value;
    this.#position = headerBytes;
    return this;
  }

  get atEnd(): boolean {
    return this.#position >= this.#buffer.length;
  }

  byte(): number {
    const value = this.#buffer[this.#position++];
    if (value === undefined) throw new DamagedRecord('it ends too early');
    return value;
  }

  integer(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  }

  time(): number | undefined {
    const value = this.#take(8).readDoubleBE(0);
    return Number.isNaN(value) ? undefined : value;
  }

  text(): string {
    return this.#take(this.integer()).toString('utf8');
  }

  bytes(): Uint8Array {
    return this.#take(this.integer());
  }

  rest(): Uint8Array {
    return this.#take(this.#buffer.length - this.#position);
  }

  #take(bytes: number): Buffer {
    const end = this.#position + bytes;
    if (end > this.#buffer.length) throw new DamagedRecord('it ends too early');
    const part = this.#buffer.subarray(this.#position, end);
    this.#position = end;
    return part;
  }
}
