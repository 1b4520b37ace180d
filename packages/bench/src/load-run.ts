import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Broker } from './brokers/index.ts';
import { Child, freePort, outputOf } from './child.ts';
import { type Load, loadArguments } from './load.ts';
import type { Pinning } from './machine.ts';
import { failedRun, type Measurement, parseResult, type RunIdentity } from './measurement.ts';
import type { Restart, Scenario } from './scenario.ts';
import { storedBytes } from './stored-bytes.ts';

const startTimeoutMs = 15_000;
// A broker that saves its state when it ends takes seconds for a million messages.
const stopGraceMs = 20_000;

/** What is the same for all runs. */
export interface RunSettings {
  readonly loadGenerator: string;
  readonly pinning: Pinning | undefined;
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
  const run = new Run(identity, broker, scenario, directory, await freePort(), settings);
  try {
    return await run.measure();
  } catch (error) {
    return failedRun(identity, error instanceof Error ? error.message : String(error));
  } finally {
    await run.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

class Run {
  readonly #identity: RunIdentity;
  readonly #broker: Broker;
  readonly #scenario: Scenario;
  readonly #directory: string;
  readonly #port: number;
  readonly #settings: RunSettings;
  #child: Child | undefined;

  constructor(
    identity: RunIdentity,
    broker: Broker,
    scenario: Scenario,
    directory: string,
    port: number,
    settings: RunSettings,
  ) {
    this.#identity = identity;
    this.#broker = broker;
    this.#scenario = scenario;
    this.#directory = directory;
    this.#port = port;
    this.#settings = settings;
  }

  async measure(): Promise<Measurement> {
    const { load, phases, restart, storedMessages } = this.#scenario;
    const child = this.#start();
    await child.listens(this.#port, startTimeoutMs);
    const measured = await this.#load(child, load, restart === undefined ? phases : []);
    if (measured.problems.length > 0) return measured;
    if (restart !== undefined) return this.#restarted(restart);
    if (storedMessages === undefined) return measured;
    await this.stop();
    return {
      ...measured,
      figures: { ...measured.figures, ...(await this.#stored(storedMessages)) },
    };
  }

  async stop(signal: Restart['signal'] = 'SIGTERM'): Promise<void> {
    await this.#child?.stop(stopGraceMs, signal);
  }

  #start(): Child {
    // The threads of a store would take turns with the broker itself on one processor.
    const pinning = this.#scenario.regime === 'durable' ? undefined : this.#settings.pinning;
    const start = { port: this.#port, directory: this.#directory, scenario: this.#scenario };
    this.#child = new Child({
      ...this.#broker.command(start),
      ...(pinning === undefined ? {} : { cpu: pinning.broker }),
    });
    return this.#child;
  }

  /** The load generator itself waits until the broker listens: it knows the time to a millisecond. */
  async #restarted({ signal, load }: Restart): Promise<Measurement> {
    await this.stop(signal);
    const since = process.hrtime.bigint();
    return this.#load(this.#start(), load, this.#scenario.phases, since);
  }

  async #load(
    child: Child,
    load: Load,
    phases: Scenario['phases'],
    since?: bigint,
  ): Promise<Measurement> {
    const { loadGenerator, pinning, seconds, version5 } = this.#settings;
    const timeoutSeconds = this.#scenario.timeoutSeconds + (seconds ?? 0);
    const output = await outputOf(
      {
        program: loadGenerator,
        arguments: loadArguments(load, {
          port: this.#port,
          pid: child.pid,
          raw: this.#broker.isRelay,
          version5,
          ...(pinning === undefined ? {} : { cpu: pinning.generator }),
          ...(seconds === undefined ? {} : { seconds }),
          ...(since === undefined ? {} : { since }),
        }),
      },
      timeoutSeconds * 1_000,
    );
    if (output === undefined) {
      return failedRun(this.#identity, `not done within ${timeoutSeconds} s`);
    }
    const scenario = { ...this.#scenario, phases };
    const { knownFaults } = this.#broker;
    const measurement = parseResult(this.#identity, scenario, output.result, knownFaults);
    if (measurement.problems.length === 0 && !child.hasExited) return measurement;
    const problems = [...measurement.problems];
    if (output.complaint !== '') problems.push(output.complaint);
    if (child.hasExited) problems.push(`the broker died: ${child.lastWords}`);
    return { ...measurement, problems };
  }

  async #stored(messages: number): Promise<Record<string, number>> {
    const data = path.join(this.#directory, 'data');
    const { files, live, bodies } = await storedBytes(data, this.#scenario.load.payload ?? 0);
    return {
      file_bytes_per_message: files / messages,
      ...(live === undefined ? {} : { live_bytes_per_message: live / messages }),
      ...(bodies === undefined ? {} : { bodies_per_message: bodies / messages }),
    };
  }
}
