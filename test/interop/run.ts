import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ServerProcess } from '../support/server-process.ts';
import { missingOf } from './builds.ts';
import { type ForeignClient, foreignClients } from './foreign-clients.ts';
import { markdownOf, type Row, textOf } from './report.ts';
import { type Cast, login, Scene } from './scene.ts';
import { type Step, steps } from './steps.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    step: { type: 'string', multiple: true },
    markdown: { type: 'string' },
    // A machine that cannot fetch what a client is built of says nothing about the broker.
    'if-buildable': { type: 'boolean', default: false },
  },
});

/** Says on the way what happens. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function play(cast: Cast, step: Step, server: ServerProcess): Promise<string | undefined> {
  const scene = new Scene(cast, step.name.replaceAll(' ', '-'), server);
  try {
    await step.run(scene);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await scene.close();
  }
}

/** A client with the command that runs it, or the row that says why there is none. */
type Prepared = { readonly client: ForeignClient; readonly command: readonly string[] } | Row;

function prepare(client: ForeignClient): Prepared {
  const missing = missingOf(client.build);
  if (missing !== undefined) return { client, skipped: `${missing} is missing` };
  try {
    return { client, command: client.build.run() };
  } catch (error) {
    if (!values['if-buildable']) return { client, broken: String(error) };
    return { client, skipped: `it cannot be built here: ${error}` };
  }
}

async function rowsOf(prepared: Prepared, server: ServerProcess): Promise<Row[]> {
  if (!('command' in prepared)) return [prepared];
  const { client, command } = prepared;
  const rows: Row[] = [];
  for (const version of client.versions) {
    for (const transport of ['tcp', 'tls'] as const) {
      const cast: Cast = { client, command, version, transport, idle: [] };
      const failures = new Map<string, string>();
      const played = steps.filter((step) => isWanted(step) && step.isFor(cast));
      for (const step of played) {
        const failure = await play(cast, step, server);
        if (failure === undefined) continue;
        failures.set(step.name, failure);
        note(`${client.name} ${version} ${transport}, ${step.name}: ${failure}`);
      }
      note(
        `${client.name} ${version} ${transport}: ${played.length - failures.size} of ${played.length} steps`,
      );
      await Promise.all(cast.idle.map((program) => program.kill()));
      rows.push({ client, version, transport, played, failures });
    }
  }
  return rows;
}

function isWanted({ name }: Step): boolean {
  return values.step === undefined || values.step.includes(name);
}

/** So many clients play side by side, each with a server of its own: mostly they wait for their programs to start. */
const lanes = 2;

// A build holds up everything else, so all of them come first.
const wanted = foreignClients.filter(({ name }) => values.only?.includes(name) !== false);
const prepared = wanted.map(prepare);
const rowsByClient: Row[][] = [];
let next = 0;

async function playLane(): Promise<void> {
  const server = await ServerProcess.start({
    users: { [login.user]: login.password },
    rules: [
      { effect: 'allow', action: 'all', topic: '#' },
      { effect: 'deny', who: { user: login.user }, action: 'publish', topic: 'forbidden/#' },
    ],
  });
  try {
    for (let index = next++; index < prepared.length; index = next++) {
      rowsByClient[index] = await rowsOf(prepared[index] as Prepared, server);
    }
  } finally {
    await server.remove();
  }
}

await Promise.all(Array.from({ length: lanes }, playLane));
const rows = rowsByClient.flat();
process.stdout.write(textOf(rows));
if (values.markdown !== undefined) writeFileSync(values.markdown, markdownOf(rows));
if (rows.some(({ broken, failures }) => broken !== undefined || (failures?.size ?? 0) > 0)) {
  process.exitCode = 1;
}
