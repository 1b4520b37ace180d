/** Finds where MQTT packets end in bytes that come in pieces (section 2.1). */
export class PacketEnds {
  #at: 'type' | 'length' | 'body' = 'type';
  #lengthBits = 0;
  /** Bytes of the body that are still to come. */
  #left = 0;

  /** Views of the bytes, none of which reaches into a second packet. */
  cut(bytes: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      at = this.#pass(bytes, at);
      if (this.#at !== 'type') continue;
      pieces.push(bytes.subarray(from, at));
      from = at;
    }
    if (from < bytes.length) pieces.push(bytes.subarray(from));
    return pieces;
  }

  /** Passes a byte of the fixed header, or what there is of the body. Returns where it has come to. */
  #pass(bytes: Buffer, at: number): number {
    if (this.#at === 'body') return this.#passBody(bytes, at);
    if (this.#at === 'type') {
      this.#at = 'length';
      this.#lengthBits = 0;
      this.#left = 0;
      return at + 1;
    }
    const byte = bytes.readUInt8(at);
    this.#left += (byte & 0x7f) << this.#lengthBits;
    this.#lengthBits += 7;
    const isLast = byte < 0x80 || this.#lengthBits === 28;
    if (isLast) this.#at = this.#left === 0 ? 'type' : 'body';
    return at + 1;
  }

  #passBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#at = 'type';
    return end;
  }
}
