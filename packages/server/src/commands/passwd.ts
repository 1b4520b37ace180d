import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { writeUser } from '@sluice/auth';
import { BrokerError } from '@sluice/plugin';
import { usage } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

/** Adds a user to a users file, or changes the password of one. */
export async function passwd(args: readonly string[], terminal: Terminal): Promise<number> {
  const flag = args.find((argument) => argument.startsWith('-'));
  if (flag !== undefined) throw usage(`Unknown flag ${flag}`);
  const [file, user, ...rest] = args;
  if (file === undefined || user === undefined || rest.length > 0) {
    throw usage('sluice passwd needs a FILE and a USER');
  }
  const password = terminal.input.isTTY
    ? await askTwice(terminal, `Password for ${JSON.stringify(user)}: `)
    : await lineOf(createInterface({ input: terminal.input }));
  if (password === '') throw new BrokerError('SLUICE_PASSWORD', 'The password is empty.');
  const outcome = await writeUser(file, user, password);
  terminal.output.write(`${JSON.stringify(user)} ${outcome} in ${file}\n`);
  return 0;
}

async function askTwice(terminal: Terminal, prompt: string): Promise<string> {
  const password = await askHidden(terminal, prompt);
  if (password === (await askHidden(terminal, 'Again: '))) return password;
  throw new BrokerError('SLUICE_PASSWORD', 'The two passwords differ.');
}

/** Asks on the terminal without showing what is typed. */
async function askHidden({ input, errors }: Terminal, prompt: string): Promise<string> {
  errors.write(prompt);
  // Reading keys one by one switches the terminal's own echo off; what readline echoes instead goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    return await lineOf(createInterface({ input, output: nowhere, terminal: true }));
  } finally {
    errors.write('\n');
  }
}

/** The first line; closing without one (end of input, ctrl-C) gives no password. */
function lineOf(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => reject(new BrokerError('SLUICE_PASSWORD', 'No password was given.')));
  });
}
