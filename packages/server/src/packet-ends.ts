/** Finds where MQTT packets end in bytes that come in pieces (section 2.1). */
export class PacketEnds {
  #at: 'type' | 'length' | 'body' = 'type';
  #lengthBits = 0;
  /** Bytes of the body that are still to come. */
  #left = 0;

  /** Where the packet ends that goes on or begins at an index; the end of the bytes if it goes on behind them. */
  after(bytes: Buffer, from: number): number {
    let at = from;
    do at = this.#pass(bytes, at);
    while (this.#at !== 'type' && at < bytes.length);
    return at;
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
