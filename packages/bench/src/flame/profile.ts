import { BenchError } from '../bench-error.ts';

/** What is read of a file that `node --cpu-prof` writes. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function in one place of the stack, with the microseconds that it and those below it took. */
export interface Frame {
  readonly name: string;
  /** The package it belongs to; `node` for Node itself. */
  readonly owner: string;
  micros: number;
  readonly children: Map<string, Frame>;
}

/** Microseconds on the monotonic clock. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** Adds up the samples of a profile that fall into a span, without those that waited. */
export function framesOf(text: string, span: Span): Frame {
  const profile = parse(text);
  const pathTo = pathsOf(profile);
  const all: Frame = { name: 'all', owner: 'node', micros: 0, children: new Map() };
  let time = profile.startTime;
  profile.samples.forEach((id, index) => {
    const took = profile.timeDeltas[index] ?? 0;
    time += took;
    if (time < span.from || time > span.until) return;
    const path = pathTo(id);
    if (path.at(-1)?.name === '(idle)') return;
    add(all, path, took);
  });
  if (all.micros === 0) throw new BenchError('The profile has no sample of the load.');
  return all;
}

function add(all: Frame, path: readonly Pick<Frame, 'name' | 'owner'>[], micros: number): void {
  all.micros += micros;
  let frame = all;
  for (const { name, owner } of path) {
    const key = `${owner} ${name}`;
    let child = frame.children.get(key);
    if (child === undefined) {
      child = { name, owner, micros: 0, children: new Map() };
      frame.children.set(key, child);
    }
    child.micros += micros;
    frame = child;
  }
}

/** The functions from the outermost one to that of a sample. */
function pathsOf({ nodes }: CpuProfile): (id: number) => readonly Pick<Frame, 'name' | 'owner'>[] {
  const paths = new Map<number, readonly Pick<Frame, 'name' | 'owner'>[]>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (id: number, above: readonly Pick<Frame, 'name' | 'owner'>[]): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName, url } = node.callFrame;
    const name = functionName === '' ? '(anonymous)' : functionName;
    const path = name === '(root)' ? above : [...above, { name, owner: ownerOf(url) }];
    paths.set(id, path);
    for (const child of node.children ?? []) visit(child, path);
  };
  const [root] = nodes;
  if (root !== undefined) visit(root.id, []);
  return (id) => paths.get(id) ?? [];
}

function ownerOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return 'node';
  return /packages\/([^/]+)\/(?:dist|src)\//.exec(url)?.[1] ?? 'dependency';
}

function parse(text: string): CpuProfile {
  try {
    const profile = JSON.parse(text);
    if (Array.isArray(profile.nodes) && Array.isArray(profile.samples)) return profile;
  } catch {
    // Said below.
  }
  throw new BenchError('This is no profile of node --cpu-prof.');
}
