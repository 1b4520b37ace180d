import os from 'node:os';
import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.ts';
import { type Broker, brokers, usualBrokers } from './brokers/index.ts';
import { scenarioNamed, scenarios } from './scenarios.ts';
import type { Plan } from './side-by-side.ts';

/** What the command line asks for. */
export interface LoadOptions extends Plan {
  readonly directory: string;
  readonly pin: boolean;
  readonly version5: boolean;
  readonly seconds: number | undefined;
  /** Where the report goes as JSON. */
  readonly out: string | undefined;
  /** Where the report goes as Markdown. */
  readonly markdown: string | undefined;
}

/** What `--help` prints. */
export const usage: string = `npm run bench [-- OPTIONS]            the same load against several brokers
npm run bench -- micro [NAME]         micro benchmarks
npm run bench -- logins               those who are connected while 100 clients log in
npm run bench -- slow [--clients 1000] [--seconds 30]  those who read while a tenth of the subscribers does not
npm run bench -- turns [WORD]         the longest turns of the event loop, for what is much at once
npm run bench -- plot REPORT --out DIR  draws a JSON report as SVG
npm run bench -- goals REPORT ...     what JSON reports measured beside the goals
npm run bench -- flame SCENARIO --out DIR  where the broker's time goes, as SVG
npm run bench:check [-- OPTIONS]      what became slower than the stored baseline
npm run bench -- list                 the scenarios and brokers

  --scenario A,B    ${names(scenarios.filter((scenario) => scenario.isDefault))}
  --brokers A,B     what the scenario says, most often sluice,aedes,mosquitto
  --runs N          3
  --seconds N       measure for so long, in place of what the scenario says
  --directory DIR   where brokers keep their data; ${os.tmpdir()}
  --v5              speak MQTT 5.0 in place of 3.1.1
  --no-pin          do not give broker and load generator a processor each
  --out FILE        the report as JSON
  --markdown FILE   the report as Markdown
`;

/** Reads and checks the options of a side-by-side run. */
export function parseLoadOptions(words: readonly string[]): LoadOptions {
  const values = parsed(words);
  return {
    scenarios:
      values.scenario === undefined
        ? scenarios.filter((scenario) => scenario.isDefault)
        : values.scenario.split(',').map((name) => known(scenarioNamed(name), 'scenario', name)),
    brokersOf: values.brokers === undefined ? usualBrokers : always(named(values.brokers)),
    runs: wholeNumber('runs', values.runs ?? '3', 100),
    seconds: values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds, 600),
    directory: values.directory ?? os.tmpdir(),
    pin: values['no-pin'] !== true,
    version5: values.v5 === true,
    out: values.out,
    markdown: values.markdown,
  };
}

/** The command that repeats a run, without what names files of this machine. */
export function commandLine(words: readonly string[]): string {
  const isLocal = (word: string | undefined) => /^--(out|markdown|directory)$/.test(word ?? '');
  const kept = words.filter((word, index) => {
    return !isLocal(word.split('=')[0]) && !isLocal(words[index - 1]);
  });
  return ['npm run bench', ...(kept.length > 0 ? ['--', ...kept] : [])].join(' ');
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        scenario: { type: 'string' },
        brokers: { type: 'string' },
        runs: { type: 'string' },
        seconds: { type: 'string' },
        directory: { type: 'string' },
        'no-pin': { type: 'boolean' },
        v5: { type: 'boolean' },
        out: { type: 'string' },
        markdown: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}

function known<T>(found: T | undefined, what: string, name: string): T {
  if (found !== undefined) return found;
  throw new BenchError(`There is no ${what} "${name}"; npm run bench -- list shows all.`);
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new BenchError(`--${name} is a whole number from 1 to ${max}, not "${text}".`);
}

function named(list: string): readonly Broker[] {
  return list.split(',').map((name) =>
    known<Broker>(
      brokers.find((broker) => broker.name === name),
      'broker',
      name,
    ),
  );
}

function always<T>(value: T): () => T {
  return () => value;
}

function names(some: readonly { readonly name: string }[]): string {
  return some.map((one) => one.name).join(',');
}
