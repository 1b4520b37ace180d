#!/usr/bin/env node
import { run } from './run.ts';
import type { Terminal } from './terminal.ts';

const terminal: Terminal = {
  // Only when it is asked for: looking at process.stdin opens it, which a server that runs in the background must not.
  get input() {
    return process.stdin;
  },
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
};

const code = await run(process.argv.slice(2), terminal);
if (process.stdout.writableLength > 0) {
  // A pipe takes what it has room for, and the rest when it is read, if anybody reads to the end.
  await new Promise((resolve) => {
    process.stdout.on('error', resolve);
    process.stdout.write('', resolve);
  });
}
// Whatever still holds the event loop (a stream that does not end) must not hold the exit.
process.exit(code);
