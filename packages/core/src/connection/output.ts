import { PacketType } from '@sluice/packet';
import { copyBytes } from '../base/copy-bytes.ts';
import {
  type AcknowledgementType,
  acknowledgementBytes,
  type OutputMemory,
} from '../base/output-memory.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { Port } from '../base/port.ts';
import type { ReadMemory } from '../base/read-memory.ts';
import type { Stats } from '../base/stats.ts';
import type { Turn, TurnTask } from '../base/turn.ts';
import type { Encoded } from '../messages/encoded.ts';

const flushAboveBytes = 64 * 1024;
const copyBelowBytes = 16 * 1024;
const pingresp = new Uint8Array([PacketType.pingresp << 4, 0]);

/** Bytes that lie elsewhere, of one output alone. */
class Segment {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
  /** Offset of the packet id; 0 where there is none. */
  readonly packetIdAt: number;

  constructor(bytes: Uint8Array, start: number, end: number, packetIdAt: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.packetIdAt = packetIdAt;
  }
}

/** What outputs need of the context. */
interface OutputContext {
  readonly turn: Turn;
  readonly outputMemory: OutputMemory;
  readonly readMemory: ReadMemory;
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
  readonly #reads: ReadMemory;
  readonly #stats: Stats;
  // The first segment lies in fields: most turns have no second one.
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #packetIdAt = 0;
  #packetId = 0;
  #more: (Segment | Encoded)[] | undefined;
  /** Of each segment in `#more`; 0 where it has none. */
  #packetIds: number[] | undefined;
  #queued = 0;
  #written = 0;
  /** The system has taken all that was written: known without asking the stream, for each of many receivers. */
  #isTaken = false;
  #scheduled = false;

  constructor(port: Port, context: OutputContext) {
    this.#port = port;
    this.#turn = context.turn;
    this.#memory = context.outputMemory;
    this.#reads = context.readMemory;
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
    this.#flushMuch();
  }

  /** Appends a PUBLISH, with the receiver's own packet id if it has one. */
  publish(encoded: Encoded, packetId: number): void {
    this.#stats.packetsSent++;
    const { bytes, start, end, packetIdAt } = encoded;
    if (packetIdAt === 0) {
      this.#append(bytes, start, end, 0, 0);
    } else if (end - start > copyBelowBytes) {
      // Only the head is copied for its packet id.
      this.#append(bytes, start, packetIdAt + 2, packetIdAt, packetId);
      this.#append(bytes, packetIdAt + 2, end, 0, 0);
    } else {
      this.#publishShared(encoded, packetId);
    }
    if (encoded.payload !== undefined) {
      this.#append(encoded.payload, 0, encoded.payload.length, 0, 0);
    }
    this.#flushMuch();
  }

  /** Appends an acknowledgement with reason code 0x00. */
  acknowledge(type: AcknowledgementType, packetId: number): void {
    this.#stats.packetsSent++;
    const bytes = this.#memory.acknowledgement(type, packetId);
    const end = this.#memory.acknowledgementEnd;
    this.#append(bytes, end - acknowledgementBytes, end, 0, 0);
    this.#flushMuch();
  }

  pingresp(): void {
    this.#stats.packetsSent++;
    this.#append(pingresp, 0, pingresp.length, 0, 0);
    this.#flushMuch();
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
      this.#writeAsItLies(this.#memory.view(first, this.#start, this.#end));
    } else {
      this.#gather(first, queued);
    }
    this.#isTaken = this.#port.pending === 0;
  }

  #writeAsItLies(view: Uint8Array): void {
    const port = this.#port;
    if (port.pending > 0) {
      // What has to wait in the stream would keep all the memory around it.
      port.write(ownBytes(view));
      return;
    }
    port.write(view);
    if (port.pending > 0 || !port.copies) this.#reads.keep(view);
  }

  /** Called behind a whole packet: what a peer or a hook answers within the write must not end up in the middle of one. */
  #flushMuch(): void {
    if (this.#queued > flushAboveBytes) this.flush();
  }

  /** A packet that many outputs share is not described again in each of them. */
  #publishShared(encoded: Encoded, packetId: number): void {
    const { bytes, start, end, packetIdAt } = encoded;
    this.#queued += end - start;
    if (this.#bytes === undefined) this.#begin(bytes, start, end, packetIdAt, packetId);
    else this.#add(encoded, packetId);
  }

  #append(
    bytes: Uint8Array,
    start: number,
    end: number,
    packetIdAt: number,
    packetId: number,
  ): void {
    this.#queued += end - start;
    if (this.#bytes === undefined) this.#begin(bytes, start, end, packetIdAt, packetId);
    else if (packetIdAt !== 0) this.#add(new Segment(bytes, start, end, packetIdAt), packetId);
    else if (!this.#joins(bytes, start, end)) this.#add(new Segment(bytes, start, end, 0), 0);
  }

  #begin(
    bytes: Uint8Array,
    start: number,
    end: number,
    packetIdAt: number,
    packetId: number,
  ): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#packetIdAt = packetIdAt;
    this.#packetId = packetId;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#turn.flush(this);
  }

  #add(segment: Segment | Encoded, packetId: number): void {
    this.#more ??= [];
    this.#packetIds ??= [];
    this.#more.push(segment);
    this.#packetIds.push(packetId);
  }

  /** Makes the last segment longer where the new bytes lie right behind it. */
  #joins(bytes: Uint8Array, start: number, end: number): boolean {
    const count = this.#more === undefined ? 0 : this.#more.length;
    if (count === 0) {
      if (this.#bytes !== bytes || this.#end !== start || this.#packetIdAt !== 0) return false;
      this.#end = end;
      return true;
    }
    const last = this.#more?.[count - 1] as Segment | Encoded;
    if (last.bytes !== bytes || last.end !== start || !(last instanceof Segment)) return false;
    if (last.packetIdAt !== 0) return false;
    last.end = end;
    return true;
  }

  /** Copies small segments together and patches packet ids; large ones go out as they lie, in between. */
  #gather(first: Uint8Array, queued: number): void {
    const port = this.#port;
    const more = this.#more ?? [];
    const packetIds = this.#packetIds ?? [];
    // A stream may be answered within the write: what is appended then comes behind, and waits for the next flush.
    this.#more = undefined;
    this.#packetIds = undefined;
    const target = port.copies ? this.#memory.slab.begin(queued) : new Uint8Array(queued);
    const begin = port.copies ? this.#memory.slab.start : 0;
    let isCorked = false;
    let pieceStart = begin;
    let at = begin;
    let bytes = first;
    let start = this.#start;
    let end = this.#end;
    let packetIdAt = this.#packetIdAt;
    let packetId = this.#packetId;
    for (let next = 0; ; next++) {
      if (end - start >= copyBelowBytes && packetIdAt === 0) {
        if (!isCorked) port.cork();
        isCorked = true;
        if (at > pieceStart) port.write(target.subarray(pieceStart, at));
        port.write(bytes.subarray(start, end));
        if (!port.copies) this.#reads.keep(bytes);
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
      ({ bytes, start, end, packetIdAt } = more[next] as Segment | Encoded);
      packetId = packetIds[next] as number;
    }
    if (at > pieceStart) port.write(target.subarray(pieceStart, at));
    if (isCorked) {
      port.uncork();
      if (port.pending > 0) this.#keepAll(first, more);
    }
    if (port.copies) {
      this.#memory.slab.finish(target, begin + queued, port.pending === 0 ? begin : at);
    }
    more.length = 0;
    packetIds.length = 0;
    this.#more ??= more;
    this.#packetIds ??= packetIds;
  }

  /** The stream has some of them still. */
  #keepAll(first: Uint8Array, more: readonly (Segment | Encoded)[]): void {
    this.#reads.keep(first);
    for (const { bytes } of more) this.#reads.keep(bytes);
  }
}
