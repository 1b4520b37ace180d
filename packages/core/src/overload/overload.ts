import type { OverloadLevel } from '@sluice/plugin';
import { Deadline, type DeadlineOwner, type Deadlines } from '../base/deadlines.ts';
import type { Environment } from '../base/environment.ts';
import type { Stats } from '../base/stats.ts';
import type { SlicedTask, Turn } from '../base/turn.ts';
import { HeldClients, type LoadedConnection } from './held-clients.ts';
import { LevelGauge, type OverloadEvent, quietShare } from './overload-level.ts';

/** What overload needs of the broker. */
export interface OverloadParts {
  readonly environment: Environment;
  readonly deadlines: Deadlines;
  readonly turn: Turn;
  readonly stats: Stats;
  /** Bodies of messages that a persistence keeps in memory; undefined where it keeps none there. */
  readonly persistence: { readonly memoryBytes?: number | undefined };
  /** 0 for half of what the process may use. */
  readonly maxMemoryBytes: number;
  readonly changed: (event: OverloadEvent) => void;
}

const sampleMs = 250;
// The clock is read once for so many connections.
const stepsPerLook = 32;
const maxLookingMs = 1;
const noLimit = 1_073_741_824;
const outputUnderPressure = 65_536;
/** Where nothing is known of the process. */
const unknownProcessBytes = 2_147_483_648;

// Estimates: about what each takes, apart from what it holds.
const connectionBytes = 4_096;
const sessionBytes = 1_024;
const subscriptionBytes = 256;
const retainedMessageBytes = 256;

/** Watches the memory of the broker, and does less the shorter it gets. */
export class Overload implements DeadlineOwner, SlicedTask {
  /** Output of one client above which QoS 0 is dropped, whatever its own limit says. Bytes. */
  maxOutputBytes: number = noLimit;
  /** CONNECT is refused. */
  isRefusing = false;
  /** QoS 0 is dropped earlier than the limits say. */
  isDropping = false;
  /** All of the memory is in use: queues in memory grow no further. */
  isFull = false;
  readonly #parts: OverloadParts;
  readonly #maxMemoryBytes: number;
  readonly #deadline: Deadline = new Deadline(this);
  readonly #gauge: LevelGauge = new LevelGauge();
  readonly #held: HeldClients = new HeldClients();
  #connections: Iterable<LoadedConnection> = [];
  #armed = false;
  /** A look at the memory that is not finished: with a hundred thousand connections it takes several turns. */
  #look: Iterator<void> | undefined;

  constructor(parts: OverloadParts) {
    this.#parts = parts;
    const process = parts.environment.memory?.();
    const { maxMemoryBytes } = parts;
    this.#maxMemoryBytes =
      maxMemoryBytes > 0
        ? maxMemoryBytes
        : Math.floor((process?.limitBytes ?? unknownProcessBytes) / 2);
    parts.stats.maxMemoryBytes = this.#maxMemoryBytes;
  }

  get level(): OverloadLevel {
    return this.#gauge.level;
  }

  /** Whose memory it is. */
  watch(connections: Iterable<LoadedConnection>): void {
    this.#connections = connections;
  }

  /** Something came in: the memory is looked at soon. */
  touch(): void {
    if (!this.#armed) this.#arm();
  }

  /** Nobody is there from whom something could come. */
  rest(): void {
    // Who is gone, too, is read to the end of what came once it is let go.
    if (!this.#armed || this.#gauge.level !== 'none' || this.#held.size > 0) return;
    this.#armed = false;
    this.#parts.deadlines.clear(this.#deadline);
  }

  onDeadline(): void {
    this.#armed = false;
    if (this.#look !== undefined) {
      this.#arm();
      return;
    }
    this.#look = this.#lookAtMemory();
    const { environment, turn } = this.#parts;
    if (this.slice(environment.monotonic() + maxLookingMs)) turn.share(this);
  }

  slice(until: number): boolean {
    const { environment } = this.#parts;
    try {
      for (let step = 1; this.#look?.next().done === false; step++) {
        if (step % stepsPerLook === 0 && environment.monotonic() >= until) return true;
      }
    } catch (thrown) {
      this.#look = undefined;
      throw thrown;
    }
    this.#look = undefined;
    return false;
  }

  /** Yields after each connection. */
  *#lookAtMemory(): Generator<void> {
    const { environment, stats } = this.#parts;
    const used = environment.memory?.().usedBytes ?? Infinity;
    // The connections are looked at only where it may matter: there may be a hundred thousand.
    const isQuiet = this.#gauge.level === 'none' && used < this.#maxMemoryBytes * quietShare;
    const bytes = isQuiet ? used : Math.min(used, yield* this.#account());
    stats.memoryBytes = bytes;
    this.isFull = bytes >= this.#maxMemoryBytes;
    const previous = this.#gauge.level;
    if (this.#gauge.update(bytes / this.#maxMemoryBytes, environment.monotonic()))
      this.#changed(previous);
    const { level } = this.#gauge;
    if (level === 'none') this.#held.release();
    else yield* this.#held.hold(level, environment.monotonic());
    stats.heldClients = this.#held.size;
    if (level !== 'none' || this.#held.size > 0) this.#arm();
  }

  /** What the broker accounts for, which counts shared bytes twice. Notes who publishes as well. */
  *#account(): Generator<void, number> {
    const { stats, persistence } = this.#parts;
    let bytes = 0;
    for (const connection of this.#connections) {
      bytes += connection.memoryBytes;
      if (this.isDropping) connection.watchStall();
      this.#held.note(connection);
      yield;
    }
    bytes +=
      stats.connections * connectionBytes +
      stats.sessions * sessionBytes +
      stats.subscriptions * subscriptionBytes +
      stats.retainedMessages * retainedMessageBytes +
      stats.retainedBytes +
      (persistence.memoryBytes ?? 0);
    return Math.floor(bytes);
  }

  #changed(previous: OverloadLevel): void {
    const { stats, changed } = this.#parts;
    const { level } = this.#gauge;
    if (previous === 'none') stats.overloadsTotal++;
    stats.overload = level;
    this.isDropping = this.#gauge.isAtLeast('dropping');
    this.isRefusing = this.#gauge.isAtLeast('refusing');
    this.maxOutputBytes = this.isDropping ? outputUnderPressure : noLimit;
    const { memoryBytes } = stats;
    changed({ level, previous, memoryBytes, maxMemoryBytes: this.#maxMemoryBytes });
  }

  #arm(): void {
    this.#armed = true;
    const { deadlines, environment } = this.#parts;
    deadlines.set(this.#deadline, environment.monotonic() + sampleMs);
  }
}
