import { asError } from '../base/as-error.ts';
import { Line } from '../base/line.ts';
import type { SlicedTask } from '../base/turn.ts';
import type { Context } from '../context/context.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import type { Target } from './route.ts';
import type { Router } from './router.ts';

// The clock is read once for so many receivers, each of which takes a microsecond or a few.
const receiversPerLook = 32;
const mergedPerLook = 256;

/** Where a message goes: a route, or what a hook made of one. */
export interface Destination {
  readonly targets: readonly Target[];
  /** Completes the targets, so many steps at a time. True when nothing is left to do. */
  merge(steps: number): boolean;
}

/** A message on its way to so many receivers that they are not served in one turn, or behind such a one. */
export class FanOut {
  readonly message: RoutedMessage;
  readonly destination: Destination;
  /** Those that took it so far. */
  receivers = 0;
  /** Index of the target that is next. */
  next = 0;
  readonly #ended: (receivers: number) => void;
  #finish: ((receivers: number) => void) | undefined;
  #resolve: (() => void) | undefined;

  /** `ended` is called when every receiver was served. */
  constructor(
    message: RoutedMessage,
    destination: Destination,
    ended: (receivers: number) => void,
  ) {
    this.message = message.own();
    this.destination = destination;
    this.#ended = ended;
  }

  /** `finish` is called when every receiver was served: what it adds to the commit is in the same one as all of it. */
  finished(finish?: (receivers: number) => void): Promise<void> {
    this.#finish = finish;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(): void {
    this.#ended(this.receivers);
    this.#finish?.(this.receivers);
    this.#resolve?.();
  }
}

/**
 * Serves the receivers of large fan-outs a slice each turn, one message after the other. Messages of the same publisher
 * wait behind, so that nobody gets them in another order; those of others go on. What is stored of a message
 * stays one commit, for which the commits of others wait as well.
 */
export class FanOuts implements SlicedTask {
  readonly #context: Context;
  readonly #router: Router;
  readonly #queue: Line<FanOut> = new Line();
  /** How many of them each publisher has. */
  readonly #byPublisher: Map<string, number> = new Map();
  /** Whether commits wait for the rest of the first one. */
  #held = false;

  constructor(context: Context, router: Router) {
    this.#context = context;
    this.#router = router;
  }

  /** Whether a publisher has to wait for a message that came before. */
  isBehind(publisherId: string): boolean {
    return this.#queue.length > 0 && this.#byPublisher.has(publisherId);
  }

  add(fanOut: FanOut): void {
    const { publisherId } = fanOut.message;
    this.#byPublisher.set(publisherId, (this.#byPublisher.get(publisherId) ?? 0) + 1);
    this.#queue.add(fanOut);
    if (this.#queue.length === 1) this.#context.turn.share(this);
  }

  slice(until: number): boolean {
    const { environment, limits } = this.#context;
    let left = limits.maxReceiversPerTurn;
    for (;;) {
      const fanOut = this.#queue.first;
      if (fanOut === undefined) return false;
      left = this.#serve(fanOut, left, until);
      if (left <= 0 || environment.monotonic() >= until) return this.#queue.length > 0;
    }
  }

  /** Serves some more receivers. Returns how many may still be served in this turn. */
  #serve(fanOut: FanOut, most: number, until: number): number {
    const { commits, publishGuard } = this.#context;
    if (!this.#merge(fanOut.destination, most, until)) return 0;
    const added = commits.added;
    if (fanOut.next === 0) commits.cut();
    // Who gets it when its commit is durable waits for the one that also has what its publisher is told.
    if (fanOut.message.mayRepeat) this.#hold();
    const depth = publishGuard.enterRouting(fanOut.message);
    commits.beginAtomic();
    try {
      const served = this.#deliver(fanOut, most, until);
      if (fanOut.next === fanOut.destination.targets.length) this.#end(fanOut);
      else if (commits.added !== added) this.#hold();
      return most - served;
    } finally {
      publishGuard.leave(depth);
      commits.endAtomic();
    }
  }

  #merge(destination: Destination, most: number, until: number): boolean {
    const { environment } = this.#context;
    for (let merged = 0; !destination.merge(mergedPerLook); merged += mergedPerLook) {
      if (merged >= most || environment.monotonic() >= until) return false;
    }
    return true;
  }

  #deliver(fanOut: FanOut, most: number, until: number): number {
    const { environment } = this.#context;
    const { message, destination } = fanOut;
    const { targets } = destination;
    const from = fanOut.next;
    const end = Math.min(targets.length, from + most);
    while (fanOut.next < end) {
      const target = targets[fanOut.next++] as Target;
      if (this.#deliverOne(message, target)) fanOut.receivers++;
      if (fanOut.next % receiversPerLook === 0 && environment.monotonic() >= until) break;
    }
    return Math.max(1, fanOut.next - from);
  }

  #deliverOne(message: RoutedMessage, target: Target): boolean {
    try {
      return this.#router.deliverLate(message, target);
    } catch (thrown) {
      // The others are not to blame.
      this.#context.reportError(asError(thrown));
      return false;
    }
  }

  #end(fanOut: FanOut): void {
    const { publisherId } = fanOut.message;
    this.#queue.take();
    const left = (this.#byPublisher.get(publisherId) as number) - 1;
    if (left === 0) this.#byPublisher.delete(publisherId);
    else this.#byPublisher.set(publisherId, left);
    try {
      fanOut.end();
    } finally {
      if (this.#held) this.#context.commits.release();
      this.#held = false;
    }
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#context.commits.hold();
  }
}
