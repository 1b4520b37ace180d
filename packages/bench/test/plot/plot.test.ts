import { describe, expect, it } from 'vitest';
import { chartsOf } from '../../src/plot/charts.ts';
import { drawChart } from '../../src/plot/draw.ts';
import { LogScale } from '../../src/plot/log-scale.ts';
import { parsePlotOptions } from '../../src/plot/plot-command.ts';
import { parseReport } from '../../src/read-report.ts';
import { summarize } from '../../src/summary.ts';
import { run, scenario } from '../figures.ts';

const single = { ...scenario, name: 'storm', regime: 'one at a time' } as const;
const runs = [
  run('sluice', 1, 0.5),
  run('aedes', 1, 20),
  run('sluice', 1, 30, { scenario: 'storm' }),
  run('aedes', 1, 60, { scenario: 'storm', problems: ['3 messages lost'] }),
];
const rows = summarize([scenario, single], new Map(), runs);

describe('LogScale', () => {
  it('has a tick for each power of ten, and places values between them', () => {
    const scale = new LogScale([0.03, 250], 500);
    expect(scale.ticks).toEqual([0.01, 0.1, 1, 10, 100, 1000]);
    expect([0.01, 1, 10, 1000].map((value) => scale.position(value))).toEqual([0, 200, 300, 500]);
  });

  it('is as long as one power of ten at least', () => {
    expect(new LogScale([10], 100).ticks).toEqual([10, 100]);
  });
});

describe('chartsOf', () => {
  it('keeps regimes apart, and leaves out brokers without a valid run', () => {
    const charts = chartsOf(rows);
    expect(charts.map(({ name }) => name)).toEqual([
      'pipelined-throughput',
      'pipelined-cpu',
      'one-at-a-time-throughput',
      'one-at-a-time-cpu',
      'memory',
    ]);
    expect(charts[1]?.groups).toEqual([
      {
        label: 'fanin',
        marks: [
          { broker: 'sluice', value: 0.5, text: '0.50 µs' },
          { broker: 'aedes', value: 20, text: '20.0 µs' },
        ],
      },
    ]);
    expect(charts[3]?.groups[0]?.marks.map(({ broker }) => broker)).toEqual(['sluice']);
  });
});

describe('drawChart', () => {
  const [chart] = chartsOf(rows);
  if (chart === undefined) throw new Error('no chart');

  it('says in words what it shows', () => {
    const svg = drawChart(chart);
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="title desc">/);
    expect(svg).toContain('<title id="title">Throughput, pipelined</title>');
    expect(svg).toContain('fanin: sluice 2.00M, aedes 50k.</desc>');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('has a mark of another shape for each broker, and one more in the legend', () => {
    const marks = [...drawChart(chart).matchAll(/<path class="s(\d)"[^>]* d="([^"]*)"/g)];
    expect(marks.map(([, series]) => series)).toEqual(['0', '1', '0', '1']);
    expect(new Set(marks.map(([, , shape]) => shape)).size).toBe(2);
  });

  it('escapes what would end the text', () => {
    const svg = drawChart({ ...chart, title: 'a < b & "c"' });
    expect(svg).toContain('a &#60; b &#38; &#34;c&#34;</title>');
  });
});

describe('a report', () => {
  it('has its rows', () => {
    const report = JSON.parse(JSON.stringify({ rows, measurements: runs }));
    expect(parseReport('r.json', JSON.stringify(report))).toEqual(report);
  });

  it.each([
    ['{', 'The report r.json is not JSON'],
    ['null', 'r.json is no report'],
    ['{"rows":[{"scenario":"a"}]}', 'r.json is no report'],
  ])('that is none is refused: %s', (text, message) => {
    expect(() => parseReport('r.json', text)).toThrow(message);
  });
});

describe('parsePlotOptions', () => {
  it('takes a report and a directory', () => {
    expect(parsePlotOptions(['r.json', '--out', 'x'])).toEqual({ report: 'r.json', out: 'x' });
  });

  it.each([[[]], [['a.json', 'b.json']]])('refuses %j', (words) => {
    expect(() => parsePlotOptions(words)).toThrow('Usage: npm run bench -- plot');
  });
});
