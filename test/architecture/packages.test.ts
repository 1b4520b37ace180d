import { describe, expect, it } from 'vitest';
import { findCycles } from './cycles.ts';
import { type Package, packageNamed, packages, type SourceFile } from './sources.ts';

/** Which packages of this repository each one may depend on: `docs/architecture.md`, "Packages". */
const arrows: Readonly<Record<string, readonly string[]>> = {
  '@sluice/packet': [],
  '@sluice/plugin': ['@sluice/packet'],
  '@sluice/matcher': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/persistence-memory': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/persistence-level': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/auth': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/limits': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/sys': ['@sluice/plugin'],
  '@sluice/from-aedes': ['@sluice/packet', '@sluice/plugin'],
  '@sluice/core': [
    '@sluice/matcher',
    '@sluice/packet',
    '@sluice/persistence-memory',
    '@sluice/plugin',
  ],
  '@sluice/server': [
    '@sluice/auth',
    '@sluice/core',
    '@sluice/limits',
    '@sluice/packet',
    '@sluice/persistence-level',
    '@sluice/plugin',
    '@sluice/sys',
  ],
  '@sluice/conformance': ['@sluice/packet'],
  '@sluice/bench': [
    '@sluice/auth',
    '@sluice/core',
    '@sluice/matcher',
    '@sluice/packet',
    '@sluice/persistence-level',
    '@sluice/server',
  ],
};

const withoutOthers = [
  '@sluice/packet',
  '@sluice/plugin',
  '@sluice/matcher',
  '@sluice/limits',
  '@sluice/sys',
  '@sluice/from-aedes',
];

/** Name of the package that a specifier is of; undefined for a file of one's own and for Node. */
function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function imported({ sources }: Package): Set<string> {
  const specifiers = sources.flatMap(({ imports }) => imports);
  return new Set(specifiers.map(packageOf).filter((name) => name !== undefined));
}

function declared({ manifest }: Package): string[] {
  return Object.keys(manifest.dependencies ?? {});
}

function isOurs(name: string): boolean {
  return name.startsWith('@sluice/');
}

describe('the packages', () => {
  it('are the ones that are drawn', () => {
    expect(packages.map(({ manifest }) => manifest.name).toSorted()).toEqual(
      Object.keys(arrows).toSorted(),
    );
  });

  it('make no circle', () => {
    const edges = new Map(packages.map((one) => [one.manifest.name, declared(one)]));
    expect(findCycles(edges)).toEqual([]);
  });

  it.each(withoutOthers)('%s needs nothing from outside the repository', (name) => {
    expect(declared(packageNamed(name)).filter((dependency) => !isOurs(dependency))).toEqual([]);
  });
});

describe.each(packages)('packages/$directory', (one) => {
  const allowed = arrows[one.manifest.name] ?? [];

  it('depends only downwards', () => {
    const ours = [...declared(one), ...imported(one)].filter(isOurs);
    expect(ours.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('imports only what it declares', () => {
    // A benchmark starts other brokers as programs, by a name that is no import.
    const undeclared = [...imported(one)].filter((name) => !declared(one).includes(name));
    expect(undeclared).toEqual([]);
  });

  it('reaches into no other package', () => {
    const deep = one.sources.flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => isOurs(specifier) && !isExported(specifier))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(deep).toEqual([]);
  });

  it.each(one.sources.filter(isIndex))('$path names each thing that it exports', ({ code }) => {
    expect(code).not.toMatch(/export\s+(?:type\s+)?\*/);
    const statements = code.split(';').map((statement) => statement.trim());
    for (const statement of statements.filter((text) => text !== '')) {
      expect(statement).toMatch(/^export (?:type )?\{[^}]+\} from ''$/s);
    }
  });

  it('exports what its manifest says, and nothing else', () => {
    const entries = Object.keys(one.manifest.exports).filter((entry) => entry !== './package.json');
    const expected = one.manifest.name === '@sluice/plugin' ? ['.', './testing'] : ['.'];
    expect(entries).toEqual(expected);
  });
});

/** The entry points: bench has folders with an index of their own. */
function isIndex({ path }: SourceFile): boolean {
  return path.endsWith('/src/index.ts') || path.endsWith('/src/testing/index.ts');
}

function isExported(specifier: string): boolean {
  const name = packageOf(specifier) as string;
  const entry = `.${specifier.slice(name.length)}`;
  return Object.hasOwn(packageNamed(name).manifest.exports, entry);
}
