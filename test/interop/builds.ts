import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a client program comes to be. */
export interface Build {
  /** Programs that have to be there, and what to say if one is not. */
  readonly needs: readonly string[];
  /** Makes it, unless it is there already, and returns the command that runs it. */
  run(): readonly string[];
}

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '../../node_modules/.cache/interop');

/** The release that a manifest names. */
export function pinned(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(join(here, file), 'utf8'))?.[1] ?? '';
}

/** The first program that is not on the path. */
export function missingOf({ needs }: Build): string | undefined {
  return needs.find(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0,
  );
}

/** Copies the sources away, so that nothing is left beside them, and builds there if they changed. */
function built(language: string, commands: readonly (readonly string[])[]): string {
  const sources = join(here, 'clients', language);
  const directory = join(cache, language);
  const stamp = join(directory, '.built');
  const hash = createHash('sha256').update(JSON.stringify(commands));
  for (const name of readdirSync(sources).toSorted()) {
    hash.update(name).update(readFileSync(join(sources, name)));
  }
  const digest = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return directory;
  mkdirSync(directory, { recursive: true });
  cpSync(sources, directory, { recursive: true });
  for (const [program = '', ...args] of commands) {
    const { status, stderr, stdout } = spawnSync(program, args, { cwd: directory });
    if (status !== 0) {
      throw new Error(
        `${program} ${args[0]} (${status}): ${stderr}${stdout}`.trim().slice(0, 2000),
      );
    }
  }
  writeFileSync(stamp, digest);
  return directory;
}

function node(file: string): Build {
  const command = [process.execPath, '--import', 'tsx', join(here, 'clients/node', file)];
  return { needs: [], run: () => command };
}

function python(file: string): Build {
  return {
    needs: ['python3'],
    run() {
      const directory = built('python', [
        ['python3', '-m', 'venv', 'venv'],
        ['venv/bin/python', '-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt'],
      ]);
      return [join(directory, 'venv/bin/python'), join(directory, file)];
    },
  };
}

const go: Build = {
  needs: ['go'],
  run: () => [join(built('go', [['go', 'build', '-p', '1', '-o', 'interop', '.']]), 'interop')],
};

const rust: Build = {
  needs: ['cargo'],
  run: () => [
    join(built('rust', [['cargo', 'build', '--quiet', '--jobs', '1']]), 'target/debug/interop'),
  ],
};

const java: Build = {
  needs: ['mvn', 'java'],
  run() {
    const copy = ['dependency:copy-dependencies', '-DoutputDirectory=target/lib'];
    const directory = built('java', [['mvn', '-q', '-B', 'compile', ...copy]]);
    const classes = [join(directory, 'target/classes'), join(directory, 'target/lib/*')].join(':');
    return ['java', '-XX:TieredStopAtLevel=1', '-cp', classes, 'Client'];
  },
};

const mosquitto: Build = {
  ...node('mosquitto.ts'),
  needs: ['mosquitto_pub', 'mosquitto_sub', 'stdbuf'],
};

function mosquittoRelease(): string {
  const { stdout } = spawnSync('mosquitto_pub', ['--version'], { encoding: 'utf8' });
  return /version ([\d.]+)/.exec(stdout)?.[1] ?? '';
}

export const builds = { node, python, go, rust, java, mosquitto, mosquittoRelease };
