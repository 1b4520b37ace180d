import { ReasonCode } from '@sluice/packet';
import { Deadline, type DeadlineOwner } from '../base/deadlines.ts';
import type { Limits } from '../base/limits.ts';
import type { Context } from '../context/context.ts';

/** The connection, as its liveness sees it. */
interface LivenessOwner {
  /** Bytes that wait for the peer to take them, and those that it has taken so far. */
  readonly output: { readonly pending: number; readonly taken: number };
  /** Whether the broker itself does not read, so that silence proves nothing. */
  readonly reading: { readonly stopped: boolean };
  readonly limits: Limits;
  limited(limit: keyof Limits, action: 'closed'): void;
  close(reasonCode: ReasonCode, message: string): void;
  destroy(): void;
  /** There is room again for what waits for the peer. */
  onDrain(): void;
}

// Not every stream tells that it has room again: one tells it only of what exceeded its own high-water mark.
const reviewMs = 250;

/** What the deadline of a connection is about. */
const Phase = { connecting: 0, connected: 1, closing: 2, gone: 3 } as const;

/** Ends a connection that is too slow: to CONNECT, to send anything, to take what is sent, to close. */
export class Liveness implements DeadlineOwner {
  readonly #owner: LivenessOwner;
  readonly #context: Context;
  readonly #deadline: Deadline = new Deadline(this);
  #phase: (typeof Phase)[keyof typeof Phase] = Phase.connecting;
  #lastHeard = 0;
  #silenceMs = 0;
  #rechecking = false;
  #stall: StallWatch | undefined;

  constructor(owner: LivenessOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
    this.#set(owner.limits.connectTimeoutMs);
  }

  /** Bytes came from the peer. */
  heard(): void {
    this.#lastHeard = this.#context.environment.monotonic();
  }

  /** CONNECT was accepted. Keep alive in seconds, 0 for none (section 3.1.2.10). */
  connected(keepAlive: number): void {
    this.#phase = Phase.connected;
    this.#silenceMs = keepAlive * 1_500; // [MQTT-3.1.2-22]
    this.heard();
    if (keepAlive === 0) this.#context.deadlines.clear(this.#deadline);
    else this.#set(this.#silenceMs);
  }

  /** The last bytes are on their way: the stream gets a little time to close by itself. */
  closing(): void {
    if (this.#phase === Phase.gone) return;
    this.#phase = Phase.closing;
    this.#stall?.stop();
    this.#set(this.#owner.limits.closeTimeoutMs);
  }

  /** The stream is closed. */
  gone(): void {
    this.#phase = Phase.gone;
    this.stop();
  }

  /** Nothing comes any more. Where the stream is closing, its time runs on. */
  stop(): void {
    if (this.#phase === Phase.closing) return;
    this.#context.deadlines.clear(this.#deadline);
    this.#stall?.stop();
  }

  /** The peer has more to take than it should: from now on it must make progress. */
  watchStall(): void {
    this.#stall ??= new StallWatch(this.#owner, this.#context);
    this.#stall.start();
  }

  onDeadline(): void {
    if (this.#phase === Phase.closing) {
      this.#owner.limited('closeTimeoutMs', 'closed');
      this.#owner.destroy();
    } else if (this.#phase === Phase.connecting) {
      this.#owner.limited('connectTimeoutMs', 'closed');
      this.#owner.close(ReasonCode.maximumConnectTime, 'no CONNECT in time');
    } else {
      this.#checkSilence();
    }
  }

  #checkSilence(): void {
    const now = this.#context.environment.monotonic();
    const leftMs = this.#lastHeard + this.#silenceMs - now;
    if (leftMs > 0 || this.#owner.reading.stopped) {
      this.#rechecking = false;
      this.#set(leftMs > 0 ? leftMs : this.#silenceMs);
    } else if (this.#rechecking) {
      this.#owner.close(ReasonCode.keepAliveTimeout, 'nothing came for 1.5 times the keep alive');
    } else {
      // The event loop may have been held up: what already lies in the socket is read first.
      this.#rechecking = true;
      this.#set(1);
    }
  }

  #set(inMs: number): void {
    const { deadlines, environment } = this.#context;
    deadlines.set(this.#deadline, environment.monotonic() + inMs);
  }
}

/** Closes a connection above its high-water mark that takes nothing for `stalledTimeoutMs`, and tells when it is below. */
class StallWatch implements DeadlineOwner {
  readonly #owner: LivenessOwner;
  readonly #context: Context;
  readonly #deadline: Deadline = new Deadline(this);
  #taken = 0;
  /** When it was seen to take something. */
  #since = 0;
  #running = false;

  constructor(owner: LivenessOwner, context: Context) {
    this.#owner = owner;
    this.#context = context;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#arm(true);
  }

  stop(): void {
    this.#running = false;
    this.#context.deadlines.clear(this.#deadline);
  }

  onDeadline(): void {
    const { output, limits } = this.#owner;
    const { overload, environment } = this.#context;
    if (output.pending <= Math.min(limits.maxOutputBytes, overload.maxOutputBytes)) {
      this.#running = false;
      this.#owner.onDrain();
      return;
    }
    // New output may have come in the place of what left.
    const hasTaken = output.taken > this.#taken;
    if (hasTaken || environment.monotonic() < this.#since + limits.stalledTimeoutMs) {
      this.#arm(hasTaken);
    } else {
      this.#owner.limited('stalledTimeoutMs', 'closed');
      this.#owner.close(ReasonCode.quotaExceeded, 'the client does not take what is sent to it');
    }
  }

  #arm(isAnew: boolean): void {
    const { deadlines, environment } = this.#context;
    const now = environment.monotonic();
    if (isAnew) {
      this.#taken = this.#owner.output.taken;
      this.#since = now;
    }
    const end = this.#since + this.#owner.limits.stalledTimeoutMs;
    deadlines.set(this.#deadline, Math.min(end, now + reviewMs));
  }
}
