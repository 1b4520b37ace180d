import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** The machine that figures were taken on. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    processors: os.cpus().length,
    memoryGigabytes: Math.round(os.totalmem() / 1024 ** 3),
    kernel: os.release(),
    node: process.versions.node,
  };
}

/** Where broker and load generator run, so that they do not share a processor; `undefined` if they may. */
export interface Pinning {
  readonly broker: number;
  readonly generator: number;
}

/** The pinning for this machine: the first two processors, if there are two and `taskset` is there. */
export function availablePinning(): Pinning | undefined {
  if (os.cpus().length < 2) return undefined;
  const { status } = spawnSync('taskset', ['-c', '0,1', 'true'], { timeout: 5_000 });
  return status === 0 ? { broker: 0, generator: 1 } : undefined;
}
