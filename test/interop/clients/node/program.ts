import { createInterface } from 'node:readline';
import { formatLine, parseLine, type Word, type Words } from '../../words.ts';

/** The broker said no, with this code. */
export class Refused extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

/** One client program's commands. What `connect` returns is added to its answer. */
export interface Commands {
  connect(words: Words): Promise<readonly Word[]>;
  subscribe(words: Words): Promise<void>;
  publish(words: Words): Promise<void>;
  disconnect(): Promise<void>;
}

export const [host = '', port = '', version = '', authority]: string[] = process.argv.slice(2);

export function say(verb: string, words?: readonly Word[]): void {
  process.stdout.write(`${formatLine(verb, words)}\n`);
}

/** Does what standard input tells, and ends with it. */
export async function follow(commands: Commands): Promise<never> {
  for await (const line of createInterface(process.stdin)) {
    const { verb, words } = parseLine(line);
    try {
      say('ok', await run(commands, verb, words));
    } catch (error) {
      if (error instanceof Refused) say('refused', [['code', error.code]]);
      else say('failed', [['reason', String(error).replaceAll('\n', ' ')]]);
    }
  }
  process.exit();
}

async function run(commands: Commands, verb: string, words: Words): Promise<readonly Word[]> {
  if (verb === 'connect') return await commands.connect(words);
  if (verb === 'subscribe') await commands.subscribe(words);
  else if (verb === 'publish') await commands.publish(words);
  else await commands.disconnect();
  return [];
}
