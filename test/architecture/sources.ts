import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface SourceFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Without comments, and with empty strings and templates. */
  readonly code: string;
  /** What it imports and re-exports, types too, as it is written: `./router.ts`, `node:net`, `@sluice/packet`. */
  readonly imports: readonly string[];
}

export interface Package {
  /** Name of its directory. */
  readonly directory: string;
  readonly manifest: Manifest;
  readonly sources: readonly SourceFile[];
}

/** Every package with all of its sources. */
export const packages: readonly Package[] = readdirSync(join(root, 'packages')).map(readPackage);

export function packageNamed(name: string): Package {
  const found = packages.find(({ manifest }) => manifest.name === name);
  if (found === undefined) throw new Error(`there is no package ${name}`);
  return found;
}

/** The files of its own package that a file imports, relative to the root. */
export function neighbours({ path, imports }: SourceFile): string[] {
  const own = imports.filter((specifier) => specifier.startsWith('.'));
  return own.map((specifier) => normalize(join(dirname(path), specifier)));
}

function readPackage(directory: string): Package {
  const path = join(root, 'packages', directory);
  const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;
  const sources = readdirSync(join(path, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => readSource(join(path, 'src', name)));
  return { directory, manifest, sources };
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  return { path: relative(root, path), text, code: codeOf(text), imports: importsOf(text) };
}

/** The specifiers of all imports and re-exports. */
export function importsOf(text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?:type\s+)?(?:[^;'"]*?\s+from\s+)?['"]([^'"]+)['"]/gm,
  );
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statements, ...dynamic].map(([, specifier = '']) => specifier);
}

/** One pass over what can hide a word from a search: comments, strings, templates, regular expressions. */
export function codeOf(text: string): string {
  const hidden =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=[=(,:?&|!]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  const withoutPlain = text.replace(hidden, (found) => (found.startsWith('/') ? ' ' : "''"));
  // What a template computes is code; its text is not.
  return withoutPlain.replace(/`(?:\\.|[^`\\])*`/g, (template) =>
    Array.from(template.matchAll(/\$\{([^}]*)\}/g), ([, inner]) => ` ${inner} `).join(';'),
  );
}
