import { readFileSync } from 'node:fs';
import { helpTexts } from './help.ts';
import { usage } from './settings.ts';
import { tellError } from './tell-error.ts';
import type { Terminal } from './terminal.ts';

type Command = (args: readonly string[], terminal: Terminal) => Promise<number>;

// Each is loaded when it is asked for: a server is not to wait for what others need.
const commands = {
  start: async () => (await import('./commands/start.ts')).start,
  passwd: async () => (await import('./commands/passwd.ts')).passwd,
  check: async () => (await import('./commands/check.ts')).check,
  acl: async () => (await import('./commands/acl.ts')).acl,
  store: async () => (await import('./commands/store.ts')).store,
} as const satisfies Record<string, () => Promise<Command>>;

/** Runs a command line to its end: the exit code. What fails is told in one line. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    tellError(error, terminal);
    return 1;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  switch (name) {
    case '--version':
    case '-v':
      terminal.output.write(`${version()}\n`);
      return 0;
    case undefined:
    case '--help':
    case '-h':
      terminal.output.write(helpTexts.sluice);
      return name === undefined ? 1 : 0;
  }
  if (!isCommand(name)) throw usage(`${JSON.stringify(name)} is not a command`);
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.output.write(helpTexts[name]);
    return 0;
  }
  const command = await commands[name]();
  return await command(rest, terminal);
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name);
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
