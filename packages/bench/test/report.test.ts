import { describe, expect, it } from 'vitest';
import { figureReport, invalidRuns, textReport } from '../src/report.ts';
import { summarize } from '../src/summary.ts';
import { run, scenario } from './figures.ts';

const peers = new Map([['sluice', ['aedes']]]);

describe('textReport', () => {
  it('has a heading for each phase and a line for each broker', () => {
    const rows = summarize([scenario], peers, [run('sluice', 1, 0.5), run('aedes', 1, 20)]);
    const [head = '', , heading, sluice = '', aedes = ''] = textReport(rows).split('\n');
    const words = (line: string) => line.trim().split(/ {2,}/);
    expect(words(head).at(-1)).toBe('CPU / aedes');
    expect(heading).toBe('fanin: fan-in (pipelined), deliver, per message');
    expect(words(sluice)).toEqual([
      'sluice',
      '2.00M',
      '0.50',
      '100 µs',
      '900 µs',
      '0',
      '500 B',
      '40 %',
      '1/40',
    ]);
    expect(words(aedes).at(-1)).toBe('-');
  });
});

describe('textReport of brokers on disk', () => {
  it('compares how fast they are as well', () => {
    const rows = summarize([{ ...scenario, regime: 'durable' }], peers, [
      run('sluice', 1, 0.5),
      run('aedes', 1, 20),
    ]);
    const [head = '', , , sluice = ''] = textReport(rows).split('\n');
    expect(head).toMatch(/ CPU \/ aedes +rate \/ aedes$/);
    expect(sluice).toMatch(/ 1\/40 +40\.0$/);
  });
});

describe('figureReport', () => {
  it('has a line for each figure and a column for each broker', () => {
    const values = new Map([
      ['sluice', 4.2],
      ['aedes', 170],
    ]);
    const row = { scenario: 'restart', title: 'until ready', unit: 'ms', values } as const;
    const other = { ...row, title: 'memory', unit: 'MB', values: new Map([['aedes', 9]]) } as const;
    expect(figureReport([row, other]).replace(/ {2,}/g, ' | ').split('\n')).toEqual([
      ' | sluice | aedes',
      'restart: until ready, ms | 4.20 | 170',
      'restart: memory, MB | - | 9.00',
    ]);
  });

  it('is empty without figures', () => {
    expect(figureReport([])).toBe('');
  });
});

describe('invalidRuns', () => {
  it('names scenario, broker, number and reasons, once each', () => {
    const rows = summarize([scenario], peers, [
      run('sluice', 1, 1, { problems: ['3 messages lost', '1 gaps in the order of messages'] }),
      run('sluice', 2, 1, { problems: ['3 messages lost'] }),
      run('aedes', 1, 1),
    ]);
    expect(invalidRuns(rows)).toEqual([
      'INVALID: fanin on sluice, 2 of 2 runs: 3 messages lost; 1 gaps in the order of messages',
    ]);
  });

  it('is empty when all runs count', () => {
    expect(invalidRuns(summarize([scenario], peers, [run('sluice', 1, 1)]))).toEqual([]);
  });
});
