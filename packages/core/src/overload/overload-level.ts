import type { OverloadLevel } from '@sluice/plugin';

const overloadLevels: readonly OverloadLevel[] = ['none', 'slowing', 'dropping', 'refusing'];

/** The memory of the broker came to another level. */
export interface OverloadEvent {
  readonly level: OverloadLevel;
  readonly previous: OverloadLevel;
  /** Bytes that count, and how many of them the broker may have. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
}

/** Shares of the memory at which each level but `none` begins. */
const beginsAt = [0, 0.7, 0.85, 0.95] as const;
/** How far below its beginning a level ends. */
const slack = 0.1;
/** How long the memory must be that far below before the next lower level is tried. */
const calmMs = 1_000;

/** Below this share there is nothing to do, and nothing to look at. */
export const quietShare: number = beginsAt[1] - slack;

/** Which level counts: a higher one at once, a lower one after a time of calm and one at a time. */
export class LevelGauge {
  #index = 0;
  #calmSince = Infinity;

  get level(): OverloadLevel {
    return overloadLevels[this.#index] as OverloadLevel;
  }

  /** Whether what a level does is done. */
  isAtLeast(level: OverloadLevel): boolean {
    return this.#index >= overloadLevels.indexOf(level);
  }

  /** Takes the share of the memory that is in use, at a time in milliseconds. True when the level is another one. */
  update(share: number, now: number): boolean {
    const target = beginsAt.findLastIndex((beginning) => share >= beginning);
    if (target > this.#index) {
      this.#index = target;
      this.#calmSince = Infinity;
      return true;
    }
    if (this.#index === 0 || share >= (beginsAt[this.#index] as number) - slack) {
      this.#calmSince = Infinity;
      return false;
    }
    if (this.#calmSince === Infinity) this.#calmSince = now;
    if (now - this.#calmSince < calmMs) return false;
    this.#index--;
    this.#calmSince = Infinity;
    return true;
  }
}
