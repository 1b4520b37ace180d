import { describe, expect, it } from 'vitest';
import { markdownReport, type Provenance } from '../src/markdown.ts';
import { summarize } from '../src/summary.ts';
import { run, scenario } from './figures.ts';

const provenance: Provenance = {
  date: '2026-01-02',
  command: 'npm run bench',
  runs: 1,
  machine: { processor: 'P', processors: 2, memoryGigabytes: 8, kernel: '6.1', node: '20.19.0' },
  brokers: [['sluice', '0.1.0']],
  notes: ['Skipped mosquitto: it is missing.'],
};
const peers = new Map([['sluice', ['aedes']]]);

function report(...measurements: ReturnType<typeof run>[]): string {
  const text = markdownReport(summarize([scenario], peers, measurements), [], provenance);
  return text.replace(/ {2,}/g, ' ');
}

describe('markdownReport', () => {
  it('says first where the figures come from', () => {
    expect(
      report(run('sluice', 1, 1))
        .split('\n')
        .slice(0, 5),
    ).toEqual([
      '- Date: 2026-01-02; medians of 1 run, ratios within a run.',
      '- Command: `npm run bench`',
      '- Machine: P, 2 processors, 8 GB, Linux 6.1, Node 20.19.0',
      '- Brokers: sluice 0.1.0',
      '- Skipped mosquitto: it is missing.',
    ]);
  });

  it('has a column for each broker and for each comparison', () => {
    const text = report(run('sluice', 1, 0.5), run('aedes', 1, 20));
    expect(text).toContain('### Pipelined');
    expect(text).toContain('| | sluice | aedes | sluice / aedes |\n');
    expect(text).toContain('| `fanin` fan-in: deliver | 0.50 | 20.0 | 1/40 |');
    expect(text).toContain('| `fanin` fan-in: deliver | 2.00M | 50k |');
    expect(text).toContain('| `fanin` fan-in: deliver | 100 µs / 900 µs | 100 µs / 900 µs |');
    expect(text).toContain('| `fanin`, per connection | 500 | 20k | 1/40 |');
  });

  it('leaves out regimes of which nothing ran', () => {
    expect(report(run('sluice', 1, 1))).not.toContain('### Scale');
  });

  it('has no table of latencies where none were measured', () => {
    const [deliver] = run('sluice', 1, 1).phases;
    if (deliver === undefined) throw new Error('no phase');
    const { p50Micros, p99Micros, ...without } = deliver;
    expect(report(run('sluice', 1, 1))).toContain('Latency');
    expect(report(run('sluice', 1, 1, { phases: [without] }))).not.toContain('Latency');
  });

  it('compares the rates of brokers on disk, and only of those', () => {
    const both = [run('sluice', 1, 0.5), run('aedes', 1, 20)];
    const rows = summarize([{ ...scenario, regime: 'durable' }], peers, both);
    const rates = '| `fanin` fan-in: deliver | 2.00M | 50k |';
    expect(markdownReport(rows, [], provenance).replace(/ {2,}/g, ' ')).toContain(
      `${rates} 40.0 |`,
    );
    expect(report(...both)).not.toContain(`${rates} 40.0 |`);
  });

  it('has a table of further figures where there are some', () => {
    const values = new Map([['sluice', 4.2]]);
    const row = { scenario: 'restart', title: 'until ready', unit: 'ms', values } as const;
    const text = markdownReport([], [row], provenance).replace(/ {2,}/g, ' ');
    expect(text).toContain('### Further figures');
    expect(text).toContain('| `restart` until ready, ms | 4.20 |');
    expect(report(run('sluice', 1, 1))).not.toContain('Further');
  });

  it('shows INVALID where no run counts, and how many do not', () => {
    const broken = { problems: ['1 messages lost'] };
    const text = report(
      run('sluice', 1, 1, broken),
      run('aedes', 1, 2),
      run('aedes', 2, 3, broken),
    );
    expect(text).toContain('| `fanin` fan-in: deliver | INVALID | 2.00 (1 of 2 INVALID) |');
  });
});
