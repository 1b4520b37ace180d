import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cli = ['--import', 'tsx', '--conditions=@sluice/source', 'packages/conformance/src/cli.ts'];

it('ends without a word when nobody reads its list to the end', async () => {
  const child = spawn(process.execPath, [...cli, '--list'], { cwd: root, stdio: 'pipe' });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
