// npm run simulate -- --seeds 100000 [--from 1] [--jobs 2]
// npm run simulate -- --seed 123 [--trace] [--shrink] [--bug name]
// npm run simulate -- --bugs [--seeds 1000]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { bugNamed, bugs } from './bugs/index.ts';
import { generatePlan } from './generate.ts';
import { shrink } from './shrink.ts';
import { play } from './simulate.ts';
import { type Failure, findBugs, type Played, playSeeds } from './swarm.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
  },
});
const jobs = Number(values.jobs);
const startedAt = performance.now();

if (values.bugs) await lookForBugs(Number(values.seeds ?? 1_000));
else if (values.seed !== undefined) await replay(Number(values.seed));
else if (values.bug !== undefined) await lookForBugs(Number(values.seeds ?? 1_000), [values.bug]);
else await playMany(Number(values.from), Number(values.seeds ?? 10_000));

/** One history, to be read. */
async function replay(seed: number): Promise<void> {
  if (values.bug !== undefined) bugNamed(values.bug).plant();
  let plan = generatePlan(seed);
  if (values.shrink) {
    plan = await shrink(plan);
    console.log(`${plan.clients.length} clients, ${plan.steps.length} steps are left`);
    for (const [number, client] of plan.clients.entries()) {
      console.log(`client-${number}: ${JSON.stringify(client)}`);
    }
  }
  const isRead = values.trace || values.shrink;
  const outcome = await play(plan, isRead ? (line) => console.log(line) : undefined);
  console.log(`seed ${seed}: hash ${outcome.hash}, ${outcome.boots} boots`);
  for (const violation of outcome.violations) console.log(violation);
  process.exitCode = outcome.violations.length > 0 ? 1 : 0;
}

async function playMany(from: number, count: number): Promise<void> {
  let reportedAt = startedAt;
  let reported = 0;
  const played = await playSeeds(from, count, jobs, (soFar) => {
    for (const failure of soFar.failures.slice(reported)) report(failure);
    reported = soFar.failures.length;
    if (performance.now() - reportedAt < 10_000) return;
    reportedAt = performance.now();
    console.log(summary(soFar));
  });
  console.log(summary(played));
  for (const [state, times] of played.reached.toSorted()) {
    console.log(`${String(times).padStart(10)}  ${state}`);
  }
  process.exitCode = played.failures.length > 0 ? 1 : 0;
}

function report({ seed, violation }: Failure): void {
  console.log(`seed ${seed}: ${violation}\n  npm run simulate -- --seed ${seed} --shrink`);
}

function summary({ histories, boots, virtualMs, failures }: Played): string {
  const seconds = (performance.now() - startedAt) / 1_000;
  const rate = Math.round(histories / seconds);
  const hours = (virtualMs / 3_600_000).toFixed(1);
  return `${histories} histories in ${seconds.toFixed(0)} s (${rate}/s), ${boots} boots, ${hours} virtual hours, ${failures.length} failures`;
}

async function lookForBugs(maxSeeds: number, names = bugs.map(({ name }) => name)): Promise<void> {
  const findings = await findBugs(names, maxSeeds, jobs);
  for (const { bug, seed, violation } of findings) {
    console.log(
      violation === undefined ? `${bug}: NOT FOUND` : `${bug}: seed ${seed}: ${violation}`,
    );
  }
  process.exitCode = findings.every(({ violation }) => violation !== undefined) ? 0 : 1;
}
