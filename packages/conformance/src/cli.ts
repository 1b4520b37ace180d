#!/usr/bin/env node
import { run } from './run.ts';

// Whoever reads the output may have seen enough: `--list | head`.
process.stdout.on('error', () => {});
process.exitCode = await run(process.argv.slice(2), process.stdout, process.stderr);
