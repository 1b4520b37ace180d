import { PacketType } from '@sluice/packet';
import { copyBytes } from '../base/copy-bytes.ts';
import {
  type AcknowledgementType,
  acknowledgementBytes,
  type OutputMemory,
} from '../base/output-memory.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { Port } from '../base/port.ts';
import type { Stats } from '../base/stats.ts';
import type { Turn, TurnTask } from '../base/turn.ts';
import type { Encoded } from '../messages/encoded.ts';

const flushAboveBytes = 64 * 1024;
const copyBelowBytes = 16 * 1024;
const fieldsPerSegment = 4;
const pingresp = new Uint8Array([PacketType.pingresp << 4, 0]);

/** What outputs need of the context. */
interface OutputContext {
  readonly turn: Turn;
  readonly outputMemory: OutputMemory;
  readonly stats: Stats;
}

/**
 * What a connection is about to send: segments of buffers that lie elsewhere, written once a turn.
 *
 *     bytes  | segment | segment that joins it |      -> one write of a view, nothing copied
 *     bytes  | segment |  others | patched packet id| -> copied together into the slab, one write
 */
export class Output implements TurnTask {
  readonly #port: Port;
  readonly #turn: Turn;
  readonly #memory: OutputMemory;
  readonly #stats: Stats;
  // The first segment lies in fields: most turns have no second one.
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #packetIdAt = 0;
  #packetId = 0;
  #more: Uint8Array[] | undefined;
  /** start, end, offset of the packet id (0: none) and packet id of each segment in `#more`. */
  #fields: number[] | undefined;
  #queued = 0;
  #written = 0;
  /** The system has taken all that was written: known without asking the stream, for each of many receivers. */
  #isTaken = false;
  #scheduled = false;

  constructor(port: Port, context: OutputContext) {
    this.#port = port;
    this.#turn = context.turn;
    this.#memory = context.outputMemory;
    this.#stats = context.stats;
  }

  /** Bytes on their way to the peer that the system has not taken yet. */
  get pending(): number {
    if (this.#isTaken) return this.#queued;
    const pending = this.#port.pending;
    this.#isTaken = pending === 0;
    return this.#queued + pending;
  }

  /** Bytes that the system has taken so far. */
  get taken(): number {
    return this.#written - this.#port.pending;
  }

  /** Appends the bytes of a packet as they are. They must not change any more. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#stats.packetsSent++;
    this.#append(bytes, start, end, 0, 0);
  }

  /** Appends a PUBLISH, with the receiver's own packet id if it has one. */
  publish(encoded: Encoded, packetId: number): void {
    this.#stats.packetsSent++;
    const { bytes, start, end, packetIdAt } = encoded;
    if (packetIdAt !== 0 && end - start > copyBelowBytes) {
      // Only the head is copied for its packet id.
      this.#append(bytes, start, packetIdAt + 2, packetIdAt, packetId);
      this.#append(bytes, packetIdAt + 2, end, 0, 0);
    } else {
      this.#append(bytes, start, end, packetIdAt, packetId);
    }
    if (encoded.payload !== undefined) {
      this.#append(encoded.payload, 0, encoded.payload.length, 0, 0);
    }
  }

  /** Appends an acknowledgement with reason code 0x00. */
  acknowledge(type: AcknowledgementType, packetId: number): void {
    this.#stats.packetsSent++;
    const bytes = this.#memory.acknowledgement(type, packetId);
    const end = this.#memory.acknowledgementEnd;
    this.#append(bytes, end - acknowledgementBytes, end, 0, 0);
  }

  pingresp(): void {
    this.#stats.packetsSent++;
    this.#append(pingresp, 0, pingresp.length, 0, 0);
  }

  endTurn(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Writes what is there. */
  flush(): void {
    const first = this.#bytes;
    if (first === undefined) return;
    const queued = this.#queued;
    this.#bytes = undefined;
    this.#queued = 0;
    this.#written += queued;
    this.#stats.bytesSent += queued;
    if ((this.#more === undefined || this.#more.length === 0) && this.#packetIdAt === 0) {
      const view = this.#memory.view(first, this.#start, this.#end);
      // What has to wait in the stream would keep all the memory around it.
      this.#port.write(this.#port.pending === 0 ? view : ownBytes(view));
    } else {
      this.#gather(first, queued);
    }
    this.#isTaken = this.#port.pending === 0;
  }

  #append(
    bytes: Uint8Array,
    start: number,
    end: number,
    packetIdAt: number,
    packetId: number,
  ): void {
    this.#queued += end - start;
    if (this.#bytes === undefined) {
      this.#bytes = bytes;
      this.#start = start;
      this.#end = end;
      this.#packetIdAt = packetIdAt;
      this.#packetId = packetId;
      if (!this.#scheduled) {
        this.#scheduled = true;
        this.#turn.flush(this);
      }
    } else if (!this.#joins(bytes, start, end, packetIdAt)) {
      this.#more ??= [];
      this.#fields ??= [];
      this.#more.push(bytes);
      this.#fields.push(start, end, packetIdAt, packetId);
    }
    if (this.#queued > flushAboveBytes) this.flush();
  }

  /** Makes the last segment longer where the new bytes lie right behind it. */
  #joins(bytes: Uint8Array, start: number, end: number, packetIdAt: number): boolean {
    if (packetIdAt !== 0) return false;
    const count = this.#more === undefined ? 0 : this.#more.length;
    if (count === 0) {
      if (this.#bytes !== bytes || this.#end !== start) return false;
      this.#end = end;
      return true;
    }
    const fields = this.#fields as number[];
    const last = (count - 1) * fieldsPerSegment;
    if (this.#more?.[count - 1] !== bytes || fields[last + 1] !== start) return false;
    fields[last + 1] = end;
    return true;
  }

  /** Copies small segments together and patches packet ids; large ones go out as they lie, in between. */
  #gather(first: Uint8Array, queued: number): void {
    const port = this.#port;
    const more = this.#more ?? [];
    const fields = this.#fields ?? [];
    const target = port.copies ? this.#memory.slab.begin(queued) : new Uint8Array(queued);
    const begin = port.copies ? this.#memory.slab.start : 0;
    port.cork();
    let pieceStart = begin;
    let at = begin;
    let bytes = first;
    let start = this.#start;
    let end = this.#end;
    let packetIdAt = this.#packetIdAt;
    let packetId = this.#packetId;
    for (let next = 0; ; next++) {
      if (end - start >= copyBelowBytes && packetIdAt === 0) {
        if (at > pieceStart) port.write(target.subarray(pieceStart, at));
        port.write(bytes.subarray(start, end));
        pieceStart = at;
      } else {
        at = copyBytes(target, at, bytes, start, end);
        if (packetIdAt !== 0) {
          const patch = at - (end - packetIdAt);
          target[patch] = packetId >> 8;
          target[patch + 1] = packetId & 0xff;
        }
      }
      if (next === more.length) break;
      const field = next * fieldsPerSegment;
      bytes = more[next] as Uint8Array;
      start = fields[field] as number;
      end = fields[field + 1] as number;
      packetIdAt = fields[field + 2] as number;
      packetId = fields[field + 3] as number;
    }
    if (at > pieceStart) port.write(target.subarray(pieceStart, at));
    port.uncork();
    if (port.copies) this.#memory.slab.finish(port.pending === 0 ? begin : at);
    more.length = 0;
    fields.length = 0;
  }
}
