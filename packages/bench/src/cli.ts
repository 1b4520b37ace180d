#!/usr/bin/env node
import { BenchError } from './bench-error.ts';
import { brokers } from './brokers/index.ts';
import { checkCommand } from './check/check-command.ts';
import { flameCommand } from './flame/flame-command.ts';
import { goalsCommand } from './goals/goals-command.ts';
import { loadCommand } from './load-command.ts';
import { loginsCommand } from './logins-command.ts';
import { microCommand } from './micro/micro-command.ts';
import { usage } from './options.ts';
import { plotCommand } from './plot/plot-command.ts';
import { scenarios } from './scenarios.ts';
import { slowCommand } from './slow-command.ts';
import { turnsCommand } from './turns/turns-command.ts';

// A signal must not leave brokers running: the exit handler of child.ts ends them.
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(words: readonly string[]): Promise<number> {
  if (words[0] === 'check') return checkCommand(words.slice(1));
  if (words.includes('--help')) {
    console.log(usage);
    return 0;
  }
  if (words[0] === 'list') {
    console.log(list());
    return 0;
  }
  if (words[0] === 'plot') return plotCommand(words.slice(1));
  if (words[0] === 'goals') return goalsCommand(words.slice(1));
  if (words[0] === 'flame') return flameCommand(words.slice(1));
  if (words[0] === 'logins') return loginsCommand();
  if (words[0] === 'slow') return slowCommand(words.slice(1));
  if (words[0] === 'turns') return turnsCommand(words.slice(1));
  return words[0] === 'micro' ? microCommand(words.slice(1)) : loadCommand(words);
}

function list(): string {
  const line = (name: string, text: string) => `  ${name.padEnd(24)}${text}`;
  const loads = scenarios.map(({ name, title, regime, isDefault }) =>
    line(name, `${title} (${regime})${isDefault ? '' : ', only when named'}`),
  );
  const others = brokers.map((broker) =>
    line(broker.name, broker.unavailable() ?? broker.version()),
  );
  return ['Scenarios', ...loads, 'Brokers', ...others].join('\n');
}
