import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adapters, coreLayers } from './core-layers.ts';
import { findCycles } from './cycles.ts';
import { neighbours, packageNamed, type SourceFile } from './sources.ts';

const core = packageNamed('@sluice/core').sources;
const layerOf = new Map(coreLayers.flatMap((rooms, layer) => rooms.map((room) => [room, layer])));

function nameOf(path: string): string {
  return path.replace('packages/core/src/', '');
}

function roomOf(name: string): string {
  return dirname(name);
}

function layerOfFile(name: string): number | undefined {
  return layerOf.get(roomOf(name));
}

/** Imports that go up, as `file (layer) -> file (layer)`. */
function goingUp(file: SourceFile): string[] {
  const from = nameOf(file.path);
  return neighbours(file)
    .map(nameOf)
    .filter((to) => (layerOfFile(to) ?? Infinity) > (layerOfFile(from) ?? -1))
    .map((to) => `${from} (${layerOfFile(from)}) -> ${to} (${layerOfFile(to)})`);
}

/** Which rooms each room imports from. */
function edgesOfRooms(): Map<string, string[]> {
  const edges = new Map<string, string[]>(coreLayers.flat().map((room) => [room, []]));
  for (const file of core) {
    const room = roomOf(nameOf(file.path));
    const others = neighbours(file).map((path) => roomOf(nameOf(path)));
    edges.get(room)?.push(...others.filter((other) => other !== room));
  }
  return edges;
}

describe('the layers of core', () => {
  it('have every room, once, and no room that is gone', () => {
    const rooms = new Set(core.map(({ path }) => roomOf(nameOf(path))));
    expect(coreLayers.flat().toSorted()).toEqual([...rooms].toSorted());
  });

  it('are imported downwards only, types included', () => {
    expect(core.flatMap(goingUp)).toEqual([]);
  });

  it('have no room that imports itself by way of others', () => {
    expect(findCycles(edgesOfRooms())).toEqual([]);
  });

  it('have no file that imports itself by way of others, not even for a type', () => {
    const edges = core.map((file) => [nameOf(file.path), neighbours(file).map(nameOf)] as const);
    expect(findCycles(new Map(edges))).toEqual([]);
  });
});

const outsideWorld = [
  /\bDate\s*\.\s*now\b/,
  /\bnew Date\b/,
  /\bMath\s*\.\s*random\b/,
  /\b(?:set|clear)(?:Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bprocess\s*\.\s*(?:nextTick|hrtime)\b/,
  /\bperformance\b/,
  /\bcrypto\s*\./,
  /\brandomBytes\b/,
  /\bhyperid\b/,
];

describe('core', () => {
  it('takes time, timers, randomness and ids from its environment', () => {
    const others = core.filter(({ path }) => nameOf(path) !== 'base/environment.ts');
    const found = others.flatMap(({ path, code }) =>
      outsideWorld.filter((one) => one.test(code)).map((one) => `${nameOf(path)}: ${one.source}`),
    );
    expect(found).toEqual([]);
  });

  it('imports nothing of the outside world but in its adapters', () => {
    const found = core.flatMap(({ path, imports }) => {
      const allowed = adapters.get(nameOf(path)) ?? [];
      return (
        imports
          .filter((specifier) => specifier.startsWith('node:') || specifier === 'hyperid')
          // A buffer only computes.
          .filter((specifier) => specifier !== 'node:buffer' && !allowed.includes(specifier))
          .map((specifier) => `${nameOf(path)}: ${specifier}`)
      );
    });
    expect(found).toEqual([]);
  });

  it('lists no adapter that is none', () => {
    for (const [name, allowed] of adapters) {
      const taken = core.find(({ path }) => nameOf(path) === name)?.imports ?? [];
      expect(taken).toEqual(expect.arrayContaining([...allowed]));
    }
  });
});
