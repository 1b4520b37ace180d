import { describe, expect, it } from 'vitest';
import { columns, formatMicros, formatNumber, formatRatio, markdownTable } from '../src/format.ts';

describe('formatNumber', () => {
  it.each([
    [0, '0.000'],
    [0.0456, '0.046'],
    [0.55, '0.55'],
    [4.5, '4.50'],
    [37.72, '37.7'],
    [99.96, '100'],
    [612.4, '612'],
    [9_999, '9999'],
    [10_286, '10k'],
    [999_600, '1.00M'],
    [17_400_000, '17.4M'],
    [undefined, '-'],
  ])('writes %j as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});

describe('formatRatio', () => {
  it.each([
    [1 / 40, '1/40'],
    [1 / 6.5, '1/6.5'],
    [1 / 600, '1/600'],
    [0.2, '0.20'],
    [0.55, '0.55'],
    [1.62, '1.62'],
    [0, '0.000'],
    [undefined, '-'],
  ])('writes %j as %s', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });
});

describe('formatMicros', () => {
  it.each([
    [262.14, '262 µs'],
    [9_999, '9999 µs'],
    [40_895, '40.9 ms'],
    [undefined, '-'],
  ])('writes %j as %s', (micros, text) => {
    expect(formatMicros(micros)).toBe(text);
  });
});

describe('tables', () => {
  it('aligns the first column to the left and the others to the right', () => {
    const text = columns([
      ['', 'per s', 'p50'],
      ['aedes', '7964', '-'],
      ['sluice', '17.4M', '1 µs'],
    ]);
    expect(text).toBe(
      ['        per s   p50', 'aedes    7964     -', 'sluice  17.4M  1 µs'].join('\n'),
    );
  });

  it('writes Markdown', () => {
    const text = markdownTable(['', 'sluice'], [['fanin x', '1']]);
    expect(text).toBe('|         | sluice |\n| ------- | -----: |\n| fanin x |      1 |');
  });
});
