import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;
const nanosecondsPerMs = 1_000_000;

/** How long the event loop of the process was held up lately: how much later than it could a timer fired. */
export class LoopDelay {
  /** Of a hundred timers, one was later than that. Milliseconds. */
  p99Ms = 0;
  maximumMs = 0;
  // One of its own: that of the broker begins anew whenever the application asks.
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });

  start(): void {
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  /** Tells what was measured since the last call. */
  update(): void {
    const histogram = this.#histogram;
    const isEmpty = histogram.count === 0;
    this.p99Ms = isEmpty ? 0 : late(histogram.percentile(99));
    this.maximumMs = isEmpty ? 0 : late(histogram.max);
    histogram.reset();
  }
}

/** It counts from timer to timer, and so the time between them as well. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / nanosecondsPerMs - resolutionMs);
}
