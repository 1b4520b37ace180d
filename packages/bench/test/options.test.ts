import { describe, expect, it } from 'vitest';
import { commandLine, parseLoadOptions } from '../src/options.ts';

describe('parseLoadOptions', () => {
  it('measures every default scenario three times beside Aedes and Mosquitto', () => {
    const options = parseLoadOptions([]);
    for (const scenario of options.scenarios) {
      const names = options.brokersOf(scenario).map(({ name }) => name);
      expect(names.slice(0, 3)).toEqual(['sluice', 'aedes', 'mosquitto']);
    }
    expect(options).toMatchObject({ runs: 3, pin: true, version5: false });
    expect(options.scenarios.length).toBeGreaterThan(10);
    expect(options.scenarios.every(({ isDefault }) => isDefault)).toBe(true);
  });

  it('takes names in their order', () => {
    const words = ['--scenario', 'pairs1,fanin', '--brokers', 'mosquitto,sluice-level', '--v5'];
    const options = parseLoadOptions(words);
    expect(options.scenarios.map(({ name }) => name)).toEqual(['pairs1', 'fanin']);
    for (const scenario of options.scenarios) {
      const names = options.brokersOf(scenario).map(({ name }) => name);
      expect(names).toEqual(['mosquitto', 'sluice-level']);
    }
    expect(options.version5).toBe(true);
  });

  it('compares brokers that keep their state on disk where that is what a scenario is about', () => {
    const { scenarios, brokersOf } = parseLoadOptions(['--scenario', 'durable1,offline-queue']);
    const names = scenarios.map((scenario) => brokersOf(scenario).map(({ name }) => name));
    const onDisk = ['sluice-level', 'sluice-level-write', 'aedes-level', 'mosquitto-disk'];
    expect(names).toEqual([onDisk, ['sluice-level']]);
  });

  it.each([
    [['--scenario', 'nope'], 'There is no scenario "nope"'],
    [['--brokers', 'sluice,nope'], 'There is no broker "nope"'],
    [['--runs', '0'], '--runs is a whole number from 1 to 100, not "0".'],
    [['--runs', '1.5'], '--runs is a whole number from 1 to 100, not "1.5".'],
    [['--seconds', 'x'], '--seconds is a whole number from 1 to 600, not "x".'],
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
