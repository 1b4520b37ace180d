import { writeFileSync } from 'node:fs';
import { BenchError } from './bench-error.ts';
import type { Broker } from './brokers/index.ts';
import { compiledLoadGenerator } from './compile.ts';
import { summarizeFigures } from './figure-summary.ts';
import { formatNumber } from './format.ts';
import { availablePinning, thisMachine } from './machine.ts';
import { markdownReport, type Provenance } from './markdown.ts';
import type { Measurement } from './measurement.ts';
import { commandLine, type LoadOptions, parseLoadOptions } from './options.ts';
import { figureReport, invalidRuns, textReport } from './report.ts';
import type { Scenario } from './scenario.ts';
import { sideBySide } from './side-by-side.ts';
import { summarize } from './summary.ts';

/** Measures, prints and writes what the options ask for; returns the exit code: 1 if a run is invalid. */
export async function loadCommand(words: readonly string[]): Promise<number> {
  const options = parseLoadOptions(words);
  const loadGenerator = compiledLoadGenerator(options.scenarios);
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    console.log(text);
  };
  const wanted = new Set(options.scenarios.flatMap(options.brokersOf));
  const available = [...wanted].filter((broker) => {
    const reason = broker.unavailable();
    if (reason !== undefined) note(`Skipped ${broker.name}: ${reason}.`);
    return reason === undefined;
  });
  if (available.length === 0) throw new BenchError('None of the brokers can run here.');
  const pinning = options.pin ? availablePinning() : undefined;
  note(
    pinning === undefined
      ? 'Nothing is pinned: broker and load generator may share a processor.'
      : `Broker on processor ${pinning.broker} (on any in durable scenarios), load generator on ${pinning.generator}.`,
  );
  for (const line of raisedLimits(options, available)) note(line);

  const measurements: Measurement[] = [];
  const plan = {
    ...options,
    brokersOf: (scenario: Scenario) =>
      options.brokersOf(scenario).filter((broker) => available.includes(broker)),
  };
  for await (const one of sideBySide(plan, { ...options, loadGenerator, pinning })) {
    measurements.push(one);
    console.log(progress(one, options.runs));
  }
  const peersOf = new Map(available.map((broker) => [broker.name, broker.peers]));
  const rows = summarize(options.scenarios, peersOf, measurements);
  const figures = summarizeFigures(options.scenarios, measurements);
  const invalid = invalidRuns(rows);
  const remarks = [...new Set(measurements.flatMap(remarksOf))];
  const report = [textReport(rows), '', figureReport(figures), ...remarks, ...invalid];
  console.log(`\n${report.join('\n').trimEnd()}`);

  const provenance: Provenance = {
    date: new Date().toISOString().slice(0, 10),
    command: commandLine(words),
    runs: options.runs,
    machine: thisMachine(),
    brokers: available.map((broker) => [broker.name, broker.version()]),
    notes: [...notes, ...remarks, ...invalid],
  };
  if (options.out !== undefined) {
    writeFileSync(
      options.out,
      `${JSON.stringify({ ...provenance, rows, measurements }, null, 1)}\n`,
    );
  }
  if (options.markdown !== undefined) {
    writeFileSync(options.markdown, markdownReport(rows, figures, provenance));
  }
  return invalid.length > 0 ? 1 : 0;
}

function raisedLimits(options: LoadOptions, available: readonly Broker[]): string[] {
  if (!available.some((broker) => broker.name.startsWith('sluice'))) return [];
  return options.scenarios.flatMap(({ name, sluiceLimits }) => {
    if (sluiceLimits === undefined) return [];
    const limits = Object.entries(sluiceLimits).map(([limit, value]) => `${limit} ${value}`);
    return [`Limits of Sluice raised for ${name}: ${limits.join(', ')}.`];
  });
}

function remarksOf(one: Measurement): string[] {
  return one.remarks.map((remark) => `Known fault: ${one.scenario} on ${one.broker}: ${remark}.`);
}

function progress(one: Measurement, runs: number): string {
  const name = `${one.repetition}/${runs} ${one.scenario} ${one.broker}:`;
  if (one.problems.length > 0) return `${name} INVALID: ${one.problems.join('; ')}`;
  const phases = one.phases.map(
    ({ title, perSecond, cpuMicros }) =>
      `${title} ${formatNumber(perSecond)}/s, ${formatNumber(cpuMicros)} µs`,
  );
  return `${name} ${phases.join('; ')}`;
}
