import type { Decoder, Packet } from '@sluice/packet';
import type { Limits } from '../base/limits.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { Port } from '../base/port.ts';
import type { ReadSlab } from '../base/read-memory.ts';
import type { SlicedTask } from '../base/turn.ts';
import type { Context } from '../context/context.ts';

/** Why the broker does not read from a client: one bit each, since several may hold at once. */
export const ReadingStop = {
  /** A hook answers later: packets behind it wait, so that their order stays. */
  handler: 1,
  /** CONNACK waits for its commit. */
  connack: 2,
  /** Others have their turn. */
  turn: 4,
  /** More waits to be committed than the broker wants to hold. */
  commits: 8,
  /** The client has as many unanswered messages as it may. */
  answers: 16,
  /** The client does not take its answers. */
  output: 32,
  closed: 64,
  /** The memory of the broker is short, or a receiver of what the client publishes is behind. */
  pressure: 128,
} as const;

export type ReadingStop = (typeof ReadingStop)[keyof typeof ReadingStop];

/** The connection, as its reading sees it. */
interface ReadingOwner {
  readonly limits: Limits;
  handle(packet: Packet): void | Promise<void>;
  fail(error: unknown): void;
}

type ReadingContext = Pick<Context, 'environment' | 'turn' | 'readMemory'>;

/** A chunk that waits to be handled, and the memory that it holds meanwhile. */
interface Waiting {
  readonly chunk: Uint8Array;
  readonly slab: ReadSlab | undefined;
}

const turnBudgetMs = 1;

/** Who sends that much at once has it written at once, too. */
const muchBytes = 32 * 1024;

/** Takes packets out of the chunks of one connection, in order, and stops where something has to come first. */
export class Reading implements SlicedTask {
  readonly #decoder: Decoder;
  readonly #port: Port;
  readonly #context: ReadingContext;
  readonly #owner: ReadingOwner;
  #stops = 0;
  #running = false;
  #paused = false;
  /** The decoder has bytes that it was not asked for yet. */
  #unfinished = false;
  #waiting: Waiting[] | undefined;
  /** What the decoder has. */
  #chunk: Uint8Array | undefined;
  /** The memory of that chunk, while it is held. */
  #slab: ReadSlab | undefined;
  /** Bytes that were handled in the turn of that number. */
  #bytes = 0;
  #turn = 0;
  /** When its slice of the turn is over; 0 outside of one. */
  #until = 0;
  /** The packet that is handled takes longer than most. */
  #isLong = false;
  /** It added to many outputs. */
  #isWide = false;
  #onFinished: (() => void) | undefined;

  constructor(decoder: Decoder, port: Port, context: ReadingContext, owner: ReadingOwner) {
    this.#decoder = decoder;
    this.#port = port;
    this.#context = context;
    this.#owner = owner;
  }

  get stopped(): boolean {
    return this.#stops !== 0;
  }

  /** Whether what came waits only for its turn. */
  get isPutOff(): boolean {
    return (this.#stops & ReadingStop.turn) !== 0;
  }

  /** Bytes that came and are no packets yet. */
  get heldBytes(): number {
    let bytes = this.#decoder.bufferedBytes;
    for (const { chunk } of this.#waiting ?? []) bytes += chunk.length;
    return bytes;
  }

  push(chunk: Uint8Array): void {
    if (this.#stops !== 0 || this.#unfinished || this.#running) {
      // It may stay for long, and would keep all the memory around it.
      this.#keep(ownBytes(chunk), undefined);
      this.#pause();
      return;
    }
    if (this.#context.turn.isOver || this.#hasHadItsBytes) {
      // Not paused for this alone: most streams have no more of it in this turn.
      this.#keep(chunk, this.#context.readMemory.hold(chunk));
      this.#yield();
      return;
    }
    this.#take(chunk, undefined);
    this.#run();
  }

  /** Its turn has come again. */
  slice(until: number): boolean {
    this.#until = until;
    this.resume(ReadingStop.turn);
    return false;
  }

  /** Stops reading for a reason, until `resume` is called with the same one. */
  stop(reason: ReadingStop): void {
    // Who is gone takes no answers, ever.
    if (this.#onFinished !== undefined && reason === ReadingStop.output) return;
    this.#stops |= reason;
  }

  /** The packet that is handled took long, as packets go: what follows it may have to wait for the next turn. */
  tookLong(): void {
    this.#isLong = true;
  }

  /** As `tookLong`, for a message to many: those that follow are mostly for the same receivers. */
  servedMany(): void {
    this.#isLong = true;
    this.#isWide = true;
  }

  /** Nothing comes any more. Calls back when all that came is handled, which is now unless something holds it up. */
  finish(onFinished: () => void): void {
    this.#onFinished = onFinished;
    this.#stops &= ~ReadingStop.output;
    if (this.#stops === 0 && !this.#running) this.#run();
  }

  resume(reason: ReadingStop): void {
    if ((this.#stops & reason) === 0) return;
    this.#stops &= ~reason;
    if (this.#stops === 0 && !this.#running) this.#run();
  }

  #run(): void {
    const { readMemory } = this.#context;
    this.#running = true;
    readMemory.enter();
    try {
      this.#decode();
      if (this.#unfinished) this.#hold();
    } catch (error) {
      this.#used();
      this.#waiting = undefined;
      this.#owner.fail(error);
    } finally {
      this.#running = false;
      readMemory.leave();
    }
    if (this.#bytes >= muchBytes) this.#context.turn.writeFew();
    if (this.#stops !== 0) return;
    if (this.#onFinished !== undefined) {
      this.#onFinished();
    } else if (this.#paused) {
      this.#paused = false;
      this.#port.resume();
    }
  }

  #decode(): void {
    const { environment } = this.#context;
    const { maxPacketsPerTurn } = this.#owner.limits;
    let budget = maxPacketsPerTurn;
    let until = this.#until;
    this.#until = 0;
    while (this.#stops === 0) {
      const packet = this.#unfinished ? this.#decoder.next() : undefined;
      if (packet === undefined) {
        this.#used();
        if (this.#waiting === undefined || this.#waiting.length === 0) return;
        if (this.#hasHadItsBytes) this.#yield();
        else this.#takeNext(this.#waiting);
        continue;
      }
      const pending = this.#owner.handle(packet);
      if (pending !== undefined) this.#await(pending);
      // The clock is read once in a while, since reading it costs as much as a packet.
      if (--budget > 0 && !this.#isLong) continue;
      const isWide = this.#isWide;
      this.#isLong = false;
      this.#isWide = false;
      budget = maxPacketsPerTurn;
      const now = environment.monotonic();
      if (until === 0) until = Math.min(now + turnBudgetMs, this.#context.turn.readsUntil(now));
      if (now > until) this.#yield(isWide);
    }
  }

  #await(pending: Promise<void>): void {
    this.stop(ReadingStop.handler);
    pending.then(
      () => this.resume(ReadingStop.handler),
      (error) => this.#owner.fail(error),
    );
  }

  #yield(isWide = false): void {
    if (this.#stops !== 0) return;
    this.stop(ReadingStop.turn);
    if (isWide) this.#context.turn.shareGathering(this);
    else this.#context.turn.share(this);
  }

  /** Whether it has to let others have their turn for the bytes that came of it in this one. */
  get #hasHadItsBytes(): boolean {
    const { number } = this.#context.turn;
    if (this.#turn !== number) {
      this.#turn = number;
      this.#bytes = 0;
    }
    return this.#bytes >= this.#owner.limits.maxBytesPerTurn;
  }

  #takeNext(waiting: Waiting[]): void {
    const { chunk, slab } = waiting.shift() as Waiting;
    this.#take(chunk, slab);
  }

  #take(chunk: Uint8Array, slab: ReadSlab | undefined): void {
    this.#bytes += chunk.length;
    this.#chunk = chunk;
    this.#slab = slab;
    this.#decoder.push(chunk);
    this.#unfinished = true;
  }

  /** The decoder needs nothing of its chunk any more. */
  #used(): void {
    this.#unfinished = false;
    this.#chunk = undefined;
    if (this.#slab === undefined) return;
    this.#context.readMemory.release(this.#slab);
    this.#slab = undefined;
  }

  /** What is left of the chunk comes in another turn. */
  #hold(): void {
    this.#slab ??= this.#context.readMemory.hold(this.#chunk as Uint8Array);
  }

  #keep(chunk: Uint8Array, slab: ReadSlab | undefined): void {
    this.#waiting ??= [];
    this.#waiting.push({ chunk, slab });
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#port.pause();
  }
}
