// Plays histories for `swarm.ts`, one task after the other, and sends back what they came to.
import { findBug } from './find-bug.ts';
import { simulate } from './simulate.ts';
import type { Failure, Played, Task } from './swarm.ts';

// Refusals are errors by the thousand, and nobody reads where they were made.
Error.stackTraceLimit = 0;

process.on('message', (task: Task) => {
  void perform(task).then((result) => process.send?.(result));
});

function perform(task: Task) {
  return task.do === 'play'
    ? play(task.from, task.count)
    : findBug(task.bug, task.maxSeeds, task.first);
}

async function play(from: number, count: number): Promise<Played> {
  const reached = new Map<string, number>();
  const failures: Failure[] = [];
  let boots = 0;
  let virtualMs = 0;
  for (let seed = from; seed < from + count; seed++) {
    try {
      const outcome = await simulate(seed);
      boots += outcome.boots;
      virtualMs += outcome.virtualMs;
      for (const [state, times] of outcome.reached)
        reached.set(state, (reached.get(state) ?? 0) + times);
      const violation = outcome.violations[0];
      if (violation !== undefined) failures.push({ seed, violation });
    } catch (error) {
      failures.push({ seed, violation: `crash: ${error}` });
    }
  }
  return { histories: count, boots, virtualMs, reached: [...reached], failures };
}
