import { Buffer } from 'node:buffer';

/** Cuts the bytes of a connection into packets without looking into them. */
export class PacketStream {
  #rest: Buffer = Buffer.alloc(0);

  /** Adds a chunk; returns the packets that are whole now. Throws on a Remaining Length of five bytes. */
  push(chunk: Uint8Array): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const packets: Buffer[] = [];
    for (let size = this.#size(); size > 0 && size <= this.#rest.length; size = this.#size()) {
      packets.push(this.#rest.subarray(0, size));
      this.#rest = this.#rest.subarray(size);
    }
    return packets;
  }

  /** Bytes of a packet that is not whole. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** Of the packet at the front; 0 as long as its header is not whole. */
  #size(): number {
    let length = 0;
    for (let index = 1; index <= 4; index++) {
      const byte = this.#rest[index];
      if (byte === undefined) return 0;
      length += (byte & 0x7f) * 128 ** (index - 1);
      if (byte < 0x80) return 1 + index + length;
    }
    throw new Error('the broker sent a Remaining Length of more than four bytes');
  }
}
