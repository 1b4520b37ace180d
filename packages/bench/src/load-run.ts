import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Broker, Durability } from './brokers/index.ts';
import { Child, freePort, outputOf } from './child.ts';
import { loadArguments } from './load.ts';
import type { Pinning } from './machine.ts';
import { failedRun, type Measurement, parseResult, type RunIdentity } from './measurement.ts';
import type { Scenario } from './scenarios.ts';

const startTimeoutMs = 15_000;
const stopGraceMs = 5_000;

/** What is the same for all runs. */
export interface RunSettings {
  readonly loadGenerator: string;
  readonly pinning: Pinning | undefined;
  readonly durability: Durability;
  /** Where each run gets a directory of its own. */
  readonly directory: string;
  readonly version5: boolean;
  /** In place of the duration that a scenario has. */
  readonly seconds: number | undefined;
}

/** Starts a broker, loads it, and ends it; what goes wrong is a problem of the measurement. */
export async function runOnce(
  broker: Broker,
  scenario: Scenario,
  repetition: number,
  settings: RunSettings,
): Promise<Measurement> {
  const identity = { scenario: scenario.name, broker: broker.name, repetition };
  const directory = await mkdtemp(path.join(settings.directory, 'sluice-bench-'));
  let child: Child | undefined;
  try {
    const port = await freePort();
    const { durability, pinning } = settings;
    child = new Child({
      ...broker.command({ port, directory, scenario, durability }),
      ...(pinning === undefined ? {} : { cpu: pinning.broker }),
    });
    await child.listens(port, startTimeoutMs);
    return await load(identity, broker, scenario, child, port, settings);
  } catch (error) {
    return failedRun(identity, error instanceof Error ? error.message : String(error));
  } finally {
    await child?.stop(stopGraceMs);
    await rm(directory, { recursive: true, force: true });
  }
}

async function load(
  identity: RunIdentity,
  broker: Broker,
  scenario: Scenario,
  child: Child,
  port: number,
  settings: RunSettings,
): Promise<Measurement> {
  const { pinning, seconds } = settings;
  const output = await outputOf(
    {
      program: settings.loadGenerator,
      arguments: loadArguments(scenario.load, {
        port,
        pid: child.pid,
        raw: broker.isRelay,
        version5: settings.version5,
        ...(pinning === undefined ? {} : { cpu: pinning.generator }),
        ...(seconds === undefined ? {} : { seconds }),
      }),
    },
    (scenario.timeoutSeconds + (seconds ?? 0)) * 1_000,
  );
  if (output === undefined) {
    return failedRun(identity, `not done within ${scenario.timeoutSeconds + (seconds ?? 0)} s`);
  }
  const measurement = parseResult(identity, scenario, output.result, broker.knownFaults);
  if (measurement.problems.length === 0 && !child.hasExited) return measurement;
  const problems = [...measurement.problems];
  if (output.complaint !== '') problems.push(output.complaint);
  if (child.hasExited) problems.push(`the broker died: ${child.lastWords}`);
  return { ...measurement, problems };
}
