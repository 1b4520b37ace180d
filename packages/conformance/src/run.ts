import { allCases } from './cases/index.ts';
import { type Command, helpText, readCommandLine } from './command-line.ts';
import { titleOf, toReport } from './report.ts';
import { reportFormats } from './report-formats.ts';
import { type Job, jobsOf, startJobs } from './runner.ts';
import { idsFor } from './statement-ids.ts';
import { opener } from './streams.ts';
import { probe, type Target } from './target.ts';

/** Where the command line writes to. */
export interface Output {
  write(text: string): unknown;
}

/** Runs a command line; the exit code. */
export async function run(
  args: readonly string[],
  output: Output,
  errors: Output,
): Promise<0 | 1 | 2> {
  try {
    const command = readCommandLine(args);
    if (command === undefined) {
      output.write(helpText);
      return 0;
    }
    const jobs = select(command);
    if (command.list) {
      for (const job of jobs) output.write(`${listed(job)}\n`);
      return 0;
    }
    const target = toTarget(command);
    const { concurrency } = command;
    const results = await Promise.all(
      startJobs(jobs, target, await probe(target), { concurrency }).map(async (running) => {
        const result = await running;
        errors.write(`${result.outcome}: ${titleOf(result)}\n`);
        return result;
      }),
    );
    output.write(reportFormats[command.report](toReport(results)));
    return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
  } catch (error) {
    const { message, cause } = error as Error;
    errors.write(
      `sluice-conformance: ${message}${cause ? ` (${(cause as Error).message})` : ''}\n`,
    );
    return 2;
  }
}

function select({ versions, cases, ids }: Command): readonly Job[] {
  const known = new Set(allCases.map(({ name }) => name));
  const unknown = cases.find((name) => !known.has(name));
  if (unknown !== undefined) throw new TypeError(`there is no case ${unknown}: see --list`);
  const jobs = jobsOf(allCases).filter(
    ({ definition, version }) =>
      versions.includes(version) &&
      (cases.length === 0 || cases.includes(definition.name)) &&
      (ids.length === 0 || idsFor(definition, version).some((id) => ids.includes(id))),
  );
  if (jobs.length === 0) throw new TypeError('no case is left: see --list');
  return jobs;
}

function listed({ definition, version }: Job): string {
  const needs = definition.needs?.length ? `  needs ${definition.needs.join(', ')}` : '';
  return `${version}  ${definition.name}  ${idsFor(definition, version).join(' ')}${needs}`;
}

function toTarget(command: Command): Target {
  const { webSocketPort, user, password, scramUser, scramPassword = '' } = command;
  const { refusedUser, refusedTopic, topicPrefix, patienceMs, webSocketPath } = command;
  return {
    open: opener(command),
    topicPrefix,
    patienceMs,
    webSocketPath,
    ...(webSocketPort !== undefined && {
      openWebSocket: opener({ ...command, port: webSocketPort }),
    }),
    ...(user !== undefined && { userName: user }),
    ...(password !== undefined && { password }),
    ...(refusedUser !== undefined && { refusedUser }),
    ...(refusedTopic !== undefined && { refusedTopic }),
    ...(scramUser !== undefined && {
      authentication: { userName: scramUser, password: scramPassword },
    }),
  };
}
