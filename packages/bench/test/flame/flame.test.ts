import { describe, expect, it } from 'vitest';
import { BenchError } from '../../src/bench-error.ts';
import { drawFlame } from '../../src/flame/draw-flame.ts';
import { parseFlameOptions } from '../../src/flame/flame-command.ts';
import { framesOf } from '../../src/flame/profile.ts';

const frame = (functionName: string, url = '') => ({ functionName, url });
const core = 'file:///somewhere/packages/core/dist/routing/router.js';
const profile = JSON.stringify({
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('onRead', 'node:net'), children: [4] },
    { id: 4, callFrame: frame('route<x>', core) },
    { id: 5, callFrame: frame('', 'file:///somewhere/node_modules/ws/index.js') },
  ],
  samples: [4, 4, 2, 3, 5, 4],
  timeDeltas: [100, 100, 500, 100, 100, 100],
});

describe('framesOf', () => {
  it('adds up the samples of the span along their stacks, without those that waited', () => {
    const all = framesOf(profile, { from: 1_150, until: 1_900 });
    expect(all.micros).toBe(300);
    const [onRead, anonymous] = [...all.children.values()];
    expect(onRead).toMatchObject({ name: 'onRead', owner: 'node', micros: 200 });
    expect([...(onRead?.children.values() ?? [])]).toMatchObject([
      { name: 'route<x>', owner: 'core', micros: 100 },
    ]);
    expect(anonymous).toMatchObject({ name: '(anonymous)', owner: 'dependency', micros: 100 });
  });

  it('refuses what is no profile, and a profile without a sample of the load', () => {
    expect(() => framesOf('{}', { from: 0, until: 1 })).toThrow(BenchError);
    expect(() => framesOf('no', { from: 0, until: 1 })).toThrow(BenchError);
    expect(() => framesOf(profile, { from: 5_000, until: 6_000 })).toThrow(/no sample/);
  });
});

describe('drawFlame', () => {
  it('draws each function as wide as its share, on top of its caller', () => {
    const svg = drawFlame(framesOf(profile, { from: 0, until: 2_000 }), 'fan-in & more');
    expect(svg).toContain('fan-in &#38; more');
    const boxes = [
      ...svg.matchAll(
        /<title>([^<]*)<\/title><rect class="([^"]*)" x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g,
      ),
    ];
    expect(boxes.map(([, title, owner, x, y, width]) => [title, owner, x, y, width])).toEqual([
      ['all (node), 100.0 %', 'of-node', '0.0', '60', '999.5'],
      ['onRead (node), 80.0 %', 'of-node', '0.0', '77', '799.5'],
      ['route&#60;x&#62; (core), 60.0 %', 'of-core', '0.0', '94', '599.5'],
      ['(anonymous) (dependency), 20.0 %', 'of-dependency', '800.0', '77', '199.5'],
    ]);
  });
});

describe('parseFlameOptions', () => {
  it('knows scenarios by name, and says what is wrong', () => {
    const { scenarios, out } = parseFlameOptions(['fanin,fanout', '--out', 'there']);
    expect([scenarios.map(({ name }) => name), out]).toEqual([['fanin', 'fanout'], 'there']);
    expect(() => parseFlameOptions([])).toThrow(/Usage/);
    expect(() => parseFlameOptions(['nothing'])).toThrow(/no scenario "nothing"/);
    expect(() => parseFlameOptions(['fanin', '--what'])).toThrow(BenchError);
  });
});
