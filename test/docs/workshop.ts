import { spawn } from 'node:child_process';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../packages/server/test/ports.ts';
import { root } from './pages.ts';
import { filesOf, type Program } from './programs.ts';

/** Within the workspace, so that `@sluice/core` and the others resolve as they do for a reader. */
const workshop = join(root, 'node_modules/.cache/docs');
const runner = fileURLToPath(new URL('run-program.mjs', import.meta.url));
const timeLimitMs = 150_000;

/** What became of a program. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when it was still running after it had done all that it shows. */
  readonly exitCode: number | undefined;
}

/** Where a program and the files of its page are written. */
export function directoryOf({ name }: Program): string {
  return join(workshop, name.replaceAll(/[/:]/g, '-'));
}

export async function clear(): Promise<void> {
  await rm(workshop, { recursive: true, force: true });
  await mkdir(workshop, { recursive: true });
  await writeFile(join(workshop, 'package.json'), '{ "type": "module" }\n');
  await copyFile(join(root, 'test/docs/a-life.ts'), join(workshop, 'a-life.ts'));
}

/** Writes a program and its files, with free ports in place of well-known ones. */
export async function write(program: Program): Promise<void> {
  const directory = directoryOf(program);
  await mkdir(directory, { recursive: true });
  const code = await withFreePorts(program.code);
  await writeFile(join(directory, 'program.ts'), code);
  for (const [name, content] of filesOf(program.page))
    await writeFile(join(directory, name), content);
}

/** Compiles every program, with the types that the packages are published with. Returns what the compiler says. */
export async function compile(): Promise<string> {
  const config = {
    extends: join(root, 'test/tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      rewriteRelativeImportExtensions: true,
      customConditions: [],
      incremental: false,
      tsBuildInfoFile: null,
      // Types of MQTT.js, which examples use as a client, are written for browsers too.
      skipLibCheck: true,
    },
    // What is only imported, from below node_modules, would not be written.
    include: ['**/*.ts'],
    exclude: [],
    references: [],
  };
  const path = join(workshop, 'tsconfig.json');
  await writeFile(path, JSON.stringify(config));
  const tsc = spawn(join(root, 'node_modules/.bin/tsc'), ['--project', path, '--pretty', 'false']);
  let said = '';
  tsc.stdout.on('data', (text) => (said += text));
  tsc.stderr.on('data', (text) => (said += text));
  await new Promise((resolve) => tsc.on('close', resolve));
  return said;
}

/** Runs a program until it ends, or has done all that it shows. */
export function run(program: Program): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [runner, 'program.js'], {
      cwd: directoryOf(program),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let stdout = '';
    let stderr = '';
    let isLoaded = false;
    let isEnded = false;
    const end = () => {
      isEnded = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => {
      stderr += `still running after ${timeLimitMs} ms; it printed: ${stdout}`;
      end();
    }, timeLimitMs);
    const lookAt = () => {
      if (isLoaded && !program.isTest && missing(program, stdout).length === 0) end();
    };
    child.stdout?.on('data', (text) => {
      stdout += text;
      lookAt();
    });
    child.stderr?.on('data', (text) => (stderr += text));
    child.on('message', () => {
      isLoaded = true;
      lookAt();
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, exitCode: isEnded ? undefined : (code ?? 1) });
    });
  });
}

/** The lines that a program should have printed and did not. */
export function missing({ prints }: Program, stdout: string): string[] {
  const lines = stdout.split('\n');
  return prints.filter((text) => !lines.includes(text));
}

async function withFreePorts(code: string): Promise<string> {
  let changed = code;
  for (const port of [1883, 8883, 8080]) {
    if (!changed.includes(String(port))) continue;
    changed = changed.replaceAll(String(port), String(await freePort()));
  }
  return changed;
}
