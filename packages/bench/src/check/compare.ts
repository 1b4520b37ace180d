import { formatRatio } from '../format.ts';
import type { Ratios } from './ratios.ts';

/** What may be measured above a baseline before it counts as worse. */
export const tolerance = 0.15;

/** A ratio beside what it was. */
export interface Change {
  readonly key: string;
  readonly before: number;
  readonly now: number;
  /** 0.2 for a fifth worse, -0.2 for a fifth better. */
  readonly change: number;
}

/** What a comparison found; what is in none of the lists is as it was. */
export interface Comparison {
  readonly worse: readonly Change[];
  readonly better: readonly Change[];
  /** Measured, and not in the baseline. */
  readonly unknown: readonly string[];
}

/** Compares what was measured with a baseline; what only the baseline has was not asked for. */
export function compare(baseline: Ratios, measured: Ratios): Comparison {
  const changes: Change[] = [];
  const unknown: string[] = [];
  for (const [key, now] of measured) {
    const before = baseline.get(key);
    if (before === undefined) unknown.push(key);
    else changes.push({ key, before, now, change: now / before - 1 });
  }
  return {
    worse: changes.filter(({ change }) => change > tolerance),
    // As far below as the tolerance is above: 1/1.15.
    better: changes.filter(({ change }) => change < 1 / (1 + tolerance) - 1),
    unknown,
  };
}

/** The suspects that a second measurement found worse again, at the better of both figures. */
export function confirmed(suspects: readonly Change[], again: Comparison): Change[] {
  return suspects.flatMap((suspect) => {
    const second = again.worse.find(({ key }) => key === suspect.key);
    if (second === undefined) return [];
    return second.change < suspect.change ? [second] : [suspect];
  });
}

/** One line on a change: `fanin/deliver/cpu: 1/153 became 1/120, 28 % worse`. */
export function changeLine({ key, before, now, change }: Change): string {
  const percent = Math.round(Math.abs(change) * 100);
  const [was, is] = [formatRatio(before), formatRatio(now)];
  const ratios = was === is ? [before, now].map(precise) : [was, is];
  return `${key}: ${ratios.join(' became ')}, ${percent} % ${change > 0 ? 'worse' : 'better'}`;
}

function precise(ratio: number): string {
  return ratio.toPrecision(3);
}
