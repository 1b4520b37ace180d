import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBaseline, readBaselineIfAny, writeBaseline } from '../../src/check/baseline.ts';

let directory = '';
let file = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'bench-baseline-'));
  file = path.join(directory, 'baseline.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a baseline', () => {
  it('comes back as it was written, to four digits', () => {
    const from = { date: '2026-01-02', processor: 'fast', node: '20.0.0' };
    const ratios = new Map([
      ['b/x/cpu', 0.123456],
      ['a/x/cpu', 0.0012],
    ]);
    writeBaseline(file, { ...from, ratios });
    const read = readBaseline(file);
    expect(read).toMatchObject(from);
    expect([...read.ratios]).toEqual([
      ['a/x/cpu', 0.0012],
      ['b/x/cpu', 0.1235],
    ]);
  });

  it('that is missing is named, with the command that makes one', () => {
    expect(() => readBaseline(file)).toThrow(
      `There is no baseline at ${file}: npm run bench:check -- --update makes a new one.`,
    );
    expect(readBaselineIfAny(file)).toBeUndefined();
  });

  it.each([
    ['{"version":', 'JSON'],
    ['[]', 'it is no object'],
    ['{"ratios":{"a":1}}', 'its version is undefined, not 1'],
    ['{"version":1}', 'it has no "ratios"'],
    ['{"version":1,"ratios":{}}', 'it has no ratios'],
    ['{"version":1,"ratios":{"a":"1"}}', 'the ratio "a" is no number above 0'],
    ['{"version":1,"ratios":{"a":0}}', 'the ratio "a" is no number above 0'],
  ])('that is broken says how: %s', (text, reason) => {
    writeFileSync(file, text);
    expect(() => readBaseline(file)).toThrow(`The baseline ${file} is broken: `);
    expect(() => readBaseline(file)).toThrow(reason);
  });
});
