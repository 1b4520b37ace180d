import { type PacketType, writeAcknowledgement } from '@sluice/packet';
import { Slab } from './slab.ts';

export const acknowledgementBytes = 4;
const acknowledgementSlabBytes = 64 * 1024;

export type AcknowledgementType =
  | typeof PacketType.puback
  | typeof PacketType.pubrec
  | typeof PacketType.pubrel
  | typeof PacketType.pubcomp;

/** Memory that the outputs of one broker share. */
export class OutputMemory {
  readonly slab: Slab = new Slab();
  #acknowledgements: Uint8Array = new Uint8Array(0);
  #at = 0;
  #viewOf: Uint8Array | undefined;
  #viewStart = 0;
  #viewEnd = 0;
  #view: Uint8Array = new Uint8Array(0);

  /** Room for one more acknowledgement, behind the one before it: neighbours then leave as one segment. */
  acknowledgement(type: AcknowledgementType, packetId: number): Uint8Array {
    if (this.#at + acknowledgementBytes > this.#acknowledgements.length) {
      this.#acknowledgements = new Uint8Array(acknowledgementSlabBytes);
      this.#at = 0;
    }
    this.#at = writeAcknowledgement(this.#acknowledgements, this.#at, type, packetId);
    return this.#acknowledgements;
  }

  get acknowledgementEnd(): number {
    return this.#at;
  }

  /** A view for writing. A message that goes to many makes one, since they ask for the same bytes in a row. */
  view(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#viewOf !== bytes || this.#viewStart !== start || this.#viewEnd !== end) {
      this.#view = bytes.subarray(start, end);
      this.#viewOf = bytes;
      this.#viewStart = start;
      this.#viewEnd = end;
    }
    return this.#view;
  }
}
