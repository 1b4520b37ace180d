import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generateKeys } from '../../docs/examples/transports/ssh.ts';
import { serverFiles } from '../../packages/server/test/certificates.ts';
import { importsOf } from '../architecture/sources.ts';
import { pageNamed, root } from '../docs/pages.ts';
import { LineProcess } from '../support/line-process.ts';
import { typeScript } from '../support/server-process.ts';

const directory = 'docs/examples';
const files = readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
  .map((name) => `${directory}/${name}`)
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const programs = files.filter(({ text }) =>
  /^if \(process\.argv\[1\]|^await runIfMain/m.test(text),
);

const scratch = mkdtempSync(join(tmpdir(), 'sluice-examples-'));
const publicKey = join(scratch, 'id_ed25519.pub');
writeFileSync(publicKey, generateKeys().public);
afterAll(() => rmSync(scratch, { recursive: true }));

/** What the programs are given in place of what they take by default; a port otherwise. */
const argumentsOf = new Map<string, readonly string[]>([
  ['audit-log.ts', ['0', join(scratch, 'audit.jsonl')]],
  ['house.ts', ['0', '0']],
  ['ssh.ts', [publicKey, '0']],
  ['tls-alpn.ts', [serverFiles.cert, serverFiles.key, '0']],
]);
/** They end with the same line: one of them stands for all. */
const alike = programs.filter(({ text }) =>
  text.endsWith('await runIfMain(import.meta, start);\n'),
);
/** It ends by itself, and has a test that listens to what it says. */
const endsItself = 'message-port.ts';
/** It needs a cable. */
const serial = 'serial-port.ts';
const run = programs.filter(
  (one) => ![endsItself, serial].includes(basename(one.path)) && !alike.slice(1).includes(one),
);

describe('every example', () => {
  it.concurrent.each(run)('$path runs by itself, and stops in order', async ({ path }) => {
    const args = argumentsOf.get(basename(path)) ?? ['0'];
    const program = new LineProcess(process.execPath, [...typeScript, join(root, path), ...args]);
    try {
      await program.line(/127\.0\.0\.1/);
      const { code, stderr } = await program.end('SIGTERM');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    } finally {
      await program.end('SIGKILL');
    }
  });

  it.concurrent('message-port.ts prints what its comment says', async () => {
    const path = join(root, directory, 'transports', endsItself);
    const program = new LineProcess(process.execPath, [...typeScript, path]);
    const [, promised] = readFileSync(path, 'utf8').match(/console\.log\(.*\); \/\/ (.+)$/m) ?? [];
    expect(await program.lines.next()).toBe(promised);
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(programs)('$path is in the README', ({ path }) => {
    const link = `](${path.slice(directory.length + 1)})`;
    expect(pageNamed(`${directory}/README.md`).text).toContain(link);
  });

  it.each(files)('$path imports what is public, and what is here', ({ path, text }) => {
    const manifest = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'));
    for (const specifier of importsOf(text).filter((name) => !name.startsWith('node:'))) {
      if (specifier.startsWith('.')) {
        expect(existsSync(join(root, path, '..', specifier))).toBe(true);
        expect(join(path, '..', specifier)).toMatch(new RegExp(`^${directory}/`));
      } else {
        expect(Object.keys(manifest.devDependencies)).toContain(specifier);
      }
    }
  });
});
