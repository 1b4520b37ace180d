import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Within the workspace, so that the packages are found as a plug-in finds them. */
const directory = join(root, `node_modules/.cache/wrong-plugins-${process.pid}`);

/** A mistake, marked with ▶ where the compiler is to point, and what it is to say there. */
const mistakes: readonly (readonly [name: string, code: string, said: RegExp])[] = [
  ['a hook that does not exist', "context.hook(▶'conected', () => {});", /"conected"/],
  [
    'an answer that is no verdict',
    "context.hook('authenticate', () => ▶true);",
    /'(boolean|true)' is not assignable/,
  ],
  [
    'an answer that is no verdict, in a longer function',
    "context.hook('authorizePublish', ▶({ client }) => {\n  if (client.identity === '') return false;\n  return allow();\n});",
    /'(boolean|false)' is not assignable/,
  ],
  [
    'a promise where there is no time to wait',
    "context.hook('authorizeDeliver', async () => ▶allow());",
    /Promise<.*is not assignable/,
  ],
  [
    'a grant that is misspelt',
    "context.hook('authorizeSubscribe', () => ▶allow({ maximumQoS: 1 }));",
    /maximumQoS/,
  ],
  [
    'a change that is not allowed',
    "context.hook('deliver', () => ({ topic: 'x', ▶qos: 0 as const }));",
    /'0' is not assignable to type 'undefined'/,
  ],
  [
    'a field that the event does not have',
    "context.hook('publish', ({ ▶packet }) => void packet);",
    /'packet' does not exist on type 'MessageEvent'/,
  ],
  [
    'an option that does not exist',
    "context.hook('publish', () => {}, { ▶timeoutMs: 5 });",
    /'timeoutMs' does not exist in type 'HookOptions'/,
  ],
];

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The lines of the explanation are part of it. */
  readonly message: string;
}

const head = `import { allow, type Plugin } from '@sluice/plugin';

export const plugin: Plugin = {
  name: 'wrong',
  setup(context) {
    void allow;
`;

function sourceOf(code: string): string {
  return `${head}${code}\n  },\n};\n`;
}

let diagnostics: readonly Diagnostic[] = [];

beforeAll(async () => {
  await mkdir(directory, { recursive: true });
  for (const [index, [, code]] of mistakes.entries()) {
    await writeFile(join(directory, `mistake-${index}.ts`), sourceOf(code.replace('▶', '')));
  }
  const config = {
    extends: join(root, 'test/tsconfig.json'),
    compilerOptions: { composite: false, incremental: false, tsBuildInfoFile: null },
    include: ['*.ts'],
    references: [],
  };
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }\n');
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
  diagnostics = await compile();
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(mistakes.map(([name, code, said], index) => ({ name, code, said, index })))(
  'the compiler points at $name',
  ({ code, said, index }) => {
    const found = diagnostics.filter(({ file }) => file.endsWith(`mistake-${index}.ts`));
    const before = sourceOf(code).split('▶')[0]?.split('\n') ?? [];
    expect(found).toMatchObject([
      { line: before.length, column: (before.at(-1) ?? '').length + 1 },
    ]);
    expect(found[0]?.message).toMatch(said);
  },
);

function compile(): Promise<readonly Diagnostic[]> {
  const tsc = join(root, 'node_modules/.bin/tsc');
  return new Promise((resolve) => {
    execFile(tsc, ['--project', directory, '--pretty', 'false'], (_, stdout, stderr) => {
      const found: Diagnostic[] = [];
      for (const line of `${stdout}${stderr}`.split('\n')) {
        const [, file, at, column, message] = /^(.*)\((\d+),(\d+)\): error (.*)$/.exec(line) ?? [];
        const last = found.at(-1);
        if (file !== undefined && message !== undefined) {
          found.push({ file, line: Number(at), column: Number(column), message });
        } else if (last !== undefined) {
          found[found.length - 1] = { ...last, message: `${last.message}\n${line}` };
        }
      }
      resolve(found);
    });
  });
}
