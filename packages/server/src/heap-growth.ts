import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';

const mebibyte = 1024 * 1024;

/** Both halves of the young generation. V8 would go on to 32 MiB. */
const mostYoungBytes = 16 * mebibyte;

/** A heap that came to so much grows as V8 sees fit: to collect it more often would cost more than the memory is worth. */
const largeHeapBytes = 64 * mebibyte;

/** By how much of what is in use a small heap may grow between two full collections. V8 lets it grow to four times as much. */
const growthPercent = 50;

/**
 * Keeps the heap of a server small while what it holds is: V8 takes all the room that it may when messages come and go
 * quickly. Whoever starts Node with sizes of their own keeps those.
 */
export function boundHeapGrowth(): void {
  const { NODE_OPTIONS = '' } = process.env;
  const words = [...process.execArgv, NODE_OPTIONS].join(' ');
  if (/semi[-_]space|heap[-_]growing/.test(words)) return;
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  let isYoungBounded = false;
  const collections = new PerformanceObserver(() => {
    if (!isYoungBounded && youngBytes() >= mostYoungBytes) {
      isYoungBounded = true;
      setFlagsFromString('--semi-space-growth-factor=1');
    }
    if (!isYoungBounded || getHeapStatistics().used_heap_size < largeHeapBytes) return;
    collections.disconnect();
    setFlagsFromString('--heap-growing-percent=0');
  });
  collections.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
