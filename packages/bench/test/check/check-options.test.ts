import { describe, expect, it } from 'vitest';
import { checkedScenarios, parseCheckOptions } from '../../src/check/check-options.ts';

describe('parseCheckOptions', () => {
  it('takes the chosen scenarios three times', () => {
    const options = parseCheckOptions([]);
    expect(options.scenarios.map(({ name }) => name)).toEqual(checkedScenarios);
    expect(options).toMatchObject({ runs: 3, update: false, isPart: false });
    expect(options.baseline).toMatch(/packages\/bench\/baseline\.json$/);
  });

  it('takes named ones', () => {
    const options = parseCheckOptions(['--update', '--scenario', 'storm', '--runs', '5']);
    expect(options).toMatchObject({ runs: 5, update: true, isPart: true });
    expect(options.scenarios.map(({ name }) => name)).toEqual(['storm']);
  });

  it.each([
    [['--runs', '2'], '--runs is a whole number from 3 to 100, not "2".'],
    [['--scenario', 'nope'], 'There is no scenario "nope"'],
    [['--scenario', 'fanin-props'], 'The scenario "fanin-props" has no Aedes'],
    [['--frobnicate'], 'frobnicate'],
  ])('refuses %j', (words, message) => {
    expect(() => parseCheckOptions(words)).toThrow(message);
  });
});
