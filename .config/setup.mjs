// Installs the workspace's dependencies before a script runs, so that a fresh
// clone needs nothing but Node and npm. Does nothing once they are up to date.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';

const lockfile = 'pnpm-lock.yaml';
const stamp = 'node_modules/.installed';
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (modified(stamp) < modified(lockfile)) {
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { status } = spawnSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, '');
}
