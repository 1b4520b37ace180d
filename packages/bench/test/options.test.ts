import { describe, expect, it } from 'vitest';
import { commandLine, parseLoadOptions } from '../src/options.ts';

describe('parseLoadOptions', () => {
  it('measures every default scenario three times beside Aedes and Mosquitto', () => {
    const options = parseLoadOptions([]);
    expect(options.brokers.map(({ name }) => name)).toEqual(['sluice', 'aedes', 'mosquitto']);
    expect(options).toMatchObject({ runs: 3, durability: 'fsync', pin: true, version5: false });
    expect(options.scenarios.length).toBeGreaterThan(10);
    expect(options.scenarios.every(({ isDefault }) => isDefault)).toBe(true);
  });

  it('takes names in their order', () => {
    const words = ['--scenario', 'pairs1,fanin', '--brokers', 'mosquitto,sluice-level', '--v5'];
    const options = parseLoadOptions(words);
    expect(options.scenarios.map(({ name }) => name)).toEqual(['pairs1', 'fanin']);
    expect(options.brokers.map(({ name }) => name)).toEqual(['mosquitto', 'sluice-level']);
    expect(options.version5).toBe(true);
  });

  it.each([
    [['--scenario', 'nope'], 'There is no scenario "nope"'],
    [['--brokers', 'sluice,nope'], 'There is no broker "nope"'],
    [['--runs', '0'], '--runs is a whole number from 1 to 100, not "0".'],
    [['--runs', '1.5'], '--runs is a whole number from 1 to 100, not "1.5".'],
    [['--seconds', 'x'], '--seconds is a whole number from 1 to 600, not "x".'],
    [['--durability', 'none'], '--durability is fsync or write, not "none".'],
    [['--frobnicate'], 'frobnicate'],
  ])('refuses %j', (words, message) => {
    expect(() => parseLoadOptions(words)).toThrow(message);
  });
});

describe('commandLine', () => {
  it('leaves out what names files of this machine', () => {
    const words = ['--out', '/x/y.json', '--runs', '3', '--markdown=/x/y.md', '--directory', '/z'];
    expect(commandLine(words)).toBe('npm run bench -- --runs 3');
    expect(commandLine([])).toBe('npm run bench');
  });
});
