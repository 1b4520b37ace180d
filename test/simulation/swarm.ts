import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Finding } from './find-bug.ts';

/** What a worker is told to do. */
export type Task =
  | { readonly do: 'play'; readonly from: number; readonly count: number }
  | {
      readonly do: 'find';
      readonly bug: string;
      readonly maxSeeds: number;
      /** A seed that showed it once. */
      readonly first: number | undefined;
    };

/** A seed whose history broke a rule. */
export interface Failure {
  readonly seed: number;
  readonly violation: string;
}

/** What some histories came to. */
export interface Played {
  readonly histories: number;
  readonly boots: number;
  readonly virtualMs: number;
  readonly reached: readonly (readonly [state: string, times: number])[];
  readonly failures: readonly Failure[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));
const histories = 100;

/** Plays `count` seeds from `from` on in several processes; ends early when some have failed. */
export async function playSeeds(
  from: number,
  count: number,
  jobs: number,
  onProgress: (played: Played) => void = () => {},
): Promise<Played> {
  const reached = new Map<string, number>();
  let total = { histories: 0, boots: 0, virtualMs: 0 };
  const failures: Failure[] = [];
  const tasks: Task[] = [];
  for (let at = 0; at < count; at += histories) {
    tasks.push({ do: 'play', from: from + at, count: Math.min(histories, count - at) });
  }
  const sum = (): Played => ({ ...total, reached: [...reached], failures });
  await work<Played>(tasks, jobs, (played) => {
    total = {
      histories: total.histories + played.histories,
      boots: total.boots + played.boots,
      virtualMs: total.virtualMs + played.virtualMs,
    };
    for (const [state, times] of played.reached)
      reached.set(state, (reached.get(state) ?? 0) + times);
    failures.push(...played.failures);
    onProgress(sum());
    return failures.length < 5;
  });
  return sum();
}

/** Plants each bug and looks for a seed that shows it, first where it was found before. */
export async function findBugs(
  names: readonly string[],
  maxSeeds: number,
  jobs: number,
  foundAt: ReadonlyMap<string, number> = new Map(),
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const tasks = names.map((bug): Task => ({ do: 'find', bug, maxSeeds, first: foundAt.get(bug) }));
  await work<Finding>(tasks, jobs, (finding) => findings.push(finding) > 0);
  return findings;
}

/** Gives tasks to processes until there are none left, or `onResult` says that it is enough. */
async function work<Result>(
  tasks: readonly Task[],
  jobs: number,
  onResult: (result: Result) => boolean,
): Promise<void> {
  const waiting = [...tasks];
  const one = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const child = fork(worker, {
      cwd: root,
      // Histories are short: most of what they make is gone before the young generation is full.
      execArgv: ['--max-semi-space-size=64', '--import', 'tsx', '--conditions=@sluice/source'],
    });
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        if (!onResult(await ask<Result>(child, task))) waiting.length = 0;
      }
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
}

function ask<Result>(child: ChildProcess, task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`a worker ended with ${code} at ${JSON.stringify(task)}`));
    child.once('exit', onExit);
    child.once('message', (result) => {
      child.off('exit', onExit);
      resolve(result as Result);
    });
    child.send(task);
  });
}
