import { readFileSync } from 'node:fs';
import { acl } from './commands/acl.ts';
import { check } from './commands/check.ts';
import { passwd } from './commands/passwd.ts';
import { start } from './commands/start.ts';
import { store } from './commands/store.ts';
import { helpTexts } from './help.ts';
import { usage } from './settings.ts';
import { tellError } from './tell-error.ts';
import type { Terminal } from './terminal.ts';

const commands = { start, passwd, check, acl, store } as const;

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
  return await commands[name](rest, terminal);
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name);
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
