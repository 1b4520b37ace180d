// npm run fuzz -- --inputs 100000000 [--seed 7] [--save]
// npm run fuzz -- --target conversation --inputs 100000
// npm run fuzz -- --target decoder --replay 's5 300400017478'
// npm run fuzz -- --faults
import { parseArgs } from 'node:util';
import { writeCorpus } from './corpus/read-corpus.ts';
import { Coverage } from './coverage/counters.ts';
import { fuzz, type Progress } from './engine/fuzz.ts';
import { minimize } from './engine/minimize.ts';
import { shrink } from './engine/shrink.ts';
import { findingOf, type Target } from './engine/target.ts';
import { Watchdog } from './engine/watchdog.ts';
import { loadTarget, type TargetName, targetNames } from './targets.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'string' },
    save: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const patienceMs = 60_000;
const reportEachMs = 10_000;
/** Of a line of the corpus, which is to be read. */
const maxSavedCharacters = 700;
// Refusals are errors by the million, and nobody reads where they were made.
const stackLines = Error.stackTraceLimit;
Error.stackTraceLimit = 0;

const chosen = targetNames.filter((name) => (values.target ?? name) === name);
if (chosen.length === 0) {
  console.error(`--target must be one of ${targetNames.join(', ')}`);
  process.exit(2);
}

if (values.faults) await lookForFaults();
else if (values.replay !== undefined) await replay(chosen[0] as TargetName, values.replay);
else for (const name of chosen) await run(name, Number(values.inputs ?? defaultInputs(name)));
process.exit();

/** The same shares as in the tests. */
function defaultInputs(name: TargetName): number {
  return { decoder: 1_000_000, differential: 200_000, conversation: 3_000 }[name];
}

async function run(name: TargetName, inputs: number): Promise<void> {
  const target = await loadTarget(name);
  const coverage = new Coverage();
  const watchdog = new Watchdog(patienceMs);
  const startedAt = performance.now();
  let reportedAt = startedAt;
  const { corpus, failure, ...progress } = await fuzz(target, coverage, {
    seed,
    inputs,
    before: (line) => watchdog.begin(line()),
    onProgress: (soFar) => {
      if (performance.now() - reportedAt < reportEachMs) return;
      reportedAt = performance.now();
      report(soFar);
    },
  });
  watchdog.rest();
  report(progress);
  if (failure !== undefined) await tell(target, failure.input, failure.finding.rule);
  else if (values.save) await save(target, corpus);
  await watchdog.close();

  function report({ inputs: done, kept, points, features }: Progress): void {
    const seconds = (performance.now() - startedAt) / 1_000;
    const rate = `${seconds.toFixed(0)} s (${Math.round(done / seconds)}/s)`;
    const reached = `${points} of ${coverage.places} places, ${features} ways`;
    console.log(`${name}: ${done} inputs in ${rate}, ${reached}, ${kept} kept`);
  }
}

/** The simplest input that breaks the rule, and how to see it again. */
async function tell(target: Target<unknown>, input: unknown, rule: string): Promise<void> {
  process.exitCode = 1;
  console.log(`${target.name}: ${rule}\n  ${target.write(input)}\n  shrinking...`);
  const smallest = await shrink(target, input, rule);
  await show(target, smallest);
  console.log(`  npm run fuzz -- --target ${target.name} --replay '${target.write(smallest)}'`);
}

async function replay(name: TargetName, line: string): Promise<void> {
  const target = await loadTarget(name, 1);
  await show(target, target.read(line));
}

async function show(target: Target<unknown>, input: unknown): Promise<void> {
  Error.stackTraceLimit = stackLines;
  try {
    await target.run(input);
    target.runAgain?.(input);
    console.log(`${target.name}: no rule is broken`);
  } catch (error) {
    const { rule, message } = findingOf(error);
    console.log(`${target.name}: ${rule}: ${message}`);
    process.exitCode = 1;
  }
}

async function save(target: Target<unknown>, corpus: readonly unknown[]): Promise<void> {
  // One packet alone is in the corpus of the decoder.
  if (target.name === 'differential') return;
  const short = corpus.filter((input) => target.write(input).length <= maxSavedCharacters);
  // A target of its own: what it is asked for must not depend on what came before.
  const kept = await minimize(await loadTarget(target.name as TargetName, 1), short);
  writeCorpus(
    target.name,
    kept.map((input) => target.write(input)),
  );
  console.log(`${target.name}: ${kept.length} inputs saved`);
}

async function lookForFaults(): Promise<void> {
  const { findFaults } = await import('./faults/find-fault.ts');
  for await (const { fault, target, inputs, rule } of findFaults(seed)) {
    const text = rule === undefined ? 'NOT FOUND' : `${rule}, input ${inputs}`;
    console.log(`${target} ${fault}: ${text}`);
    if (rule === undefined) process.exitCode = 1;
  }
}
