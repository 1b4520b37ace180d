import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BenchError } from '../bench-error.ts';
import { sluice } from '../brokers/sluice.ts';
import { Child, freePort, outputOf } from '../child.ts';
import { compiledLoadGenerator } from '../compile.ts';
import { loadArguments } from '../load.ts';
import { availablePinning } from '../machine.ts';
import { parseNameAndOut } from '../name-and-out.ts';
import type { Scenario } from '../scenario.ts';
import { scenarioNamed } from '../scenarios.ts';
import { drawFlame } from './draw-flame.ts';
import { framesOf } from './profile.ts';

const usage = 'npm run bench -- flame SCENARIO[,SCENARIO] --out DIRECTORY';
const startTimeoutMs = 15_000;
const loadTimeoutMs = 60_000;
const stopGraceMs = 20_000;
const sampleIntervalMicros = 200;

/** Runs scenarios against Sluice under the profiler of V8, and draws where its time went. */
export async function flameCommand(words: readonly string[]): Promise<number> {
  const { scenarios, out } = parseFlameOptions(words);
  const loadGenerator = compiledLoadGenerator(scenarios);
  mkdirSync(out, { recursive: true });
  for (const scenario of scenarios) {
    const file = path.join(out, `flame-${scenario.name}.svg`);
    writeFileSync(file, await flameOf(scenario, loadGenerator));
    console.log(file);
  }
  return 0;
}

/** Reads what to profile, and where the pictures go. */
export function parseFlameOptions(words: readonly string[]): {
  readonly scenarios: readonly Scenario[];
  readonly out: string;
} {
  const { name: names, out } = parseNameAndOut(words, usage);
  const scenarios = names.split(',').map((name) => {
    const scenario = scenarioNamed(name);
    if (scenario === undefined) throw new BenchError(`There is no scenario "${name}".`);
    return scenario;
  });
  return { scenarios, out };
}

async function flameOf(scenario: Scenario, loadGenerator: string): Promise<string> {
  const directory = mkdtempSync(path.join(tmpdir(), 'sluice-flame-'));
  const port = await freePort();
  const pinning = availablePinning();
  const { program, arguments: words, ...command } = sluice.command({ port, directory, scenario });
  const profiler = ['--cpu-prof', `--cpu-prof-interval=${sampleIntervalMicros}`];
  const child = new Child({
    ...command,
    program,
    arguments: [...profiler, `--cpu-prof-dir=${directory}`, ...words],
    ...(pinning === undefined ? {} : { cpu: pinning.broker }),
  });
  try {
    await child.listens(port, startTimeoutMs);
    const from = monotonicMicros();
    const load = loadArguments(scenario.load, {
      port,
      pid: child.pid,
      ...(pinning === undefined ? {} : { cpu: pinning.generator }),
    });
    const output = await outputOf({ program: loadGenerator, arguments: load }, loadTimeoutMs);
    const until = monotonicMicros();
    if (output === undefined) throw new BenchError(`${scenario.name} was not done in time.`);
    await child.stop(stopGraceMs);
    const profile = readdirSync(directory).find((name) => name.endsWith('.cpuprofile'));
    if (profile === undefined) throw new BenchError(`There is no profile: ${child.lastWords}`);
    const frames = framesOf(readFileSync(path.join(directory, profile), 'utf8'), { from, until });
    return drawFlame(frames, `${scenario.name}: ${scenario.title}`);
  } finally {
    await child.stop(stopGraceMs);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The profiler's clock. */
function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
