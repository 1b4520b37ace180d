import { readFileSync } from 'node:fs';
import { BrokerError, type Plugin } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  type BrokerOptions,
  defaultLimits,
  type Limits,
  limitRanges,
  resolveOptions,
} from '../src/context/options.ts';
import { VirtualEnvironment } from './support/virtual-environment.ts';

const names = Object.keys(limitRanges) as (keyof Limits)[];

function messageOf(options: unknown): string {
  try {
    resolveOptions(options as BrokerOptions);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BrokerError);
    expect((thrown as BrokerError).code).toBe('SLUICE_OPTION');
    return (thrown as BrokerError).message;
  }
  return 'accepted';
}

describe('resolveOptions', () => {
  it('fills in what is left out', () => {
    const options = resolveOptions({});
    expect(options.limits).toEqual(defaultLimits);
    expect(options.plugins).toEqual([]);
    expect(options.allowControlCharacters).toBe(false);
    expect(options.environment.newId()).not.toBe('');
    expect(resolveOptions().limits).toEqual(defaultLimits);
  });

  it('keeps what is given', () => {
    const environment = new VirtualEnvironment();
    const plugin: Plugin = { name: 'p', setup: () => {} };
    const onProgress = (): void => {};
    const options = resolveOptions({
      environment,
      plugins: [plugin],
      allowControlCharacters: true,
      limits: { maxQos: 1, maxPacketBytes: 500 },
      features: { retain: false },
      queueOverflow: 'drop-oldest',
      slowReceiver: 'pause',
      serverReference: 'other.example:1883',
      onProgress,
    });
    expect(options).toEqual({
      environment,
      plugins: [plugin],
      allowControlCharacters: true,
      limits: { ...defaultLimits, maxQos: 1, maxPacketBytes: 500 },
      features: {
        retain: false,
        wildcardSubscriptions: true,
        subscriptionIdentifiers: true,
        sharedSubscriptions: true,
        payloadFormatCheck: false,
      },
      queueOverflow: 'drop-oldest',
      slowReceiver: 'pause',
      serverReference: 'other.example:1883',
      onProgress,
    });
  });

  it.each(names)('holds %s to its range', (name) => {
    const { min, max } = limitRanges[name];
    for (const value of [min, max]) {
      expect(resolveOptions({ limits: { [name]: value } }).limits[name]).toBe(value);
    }
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Infinity, `${min}`, null]) {
      expect(messageOf({ limits: { [name]: value } })).toMatch(
        new RegExp(`limits\\.${name} is .+, but must be a whole number from ${min} to ${max}\\.$`),
      );
    }
  });

  it.each([
    [{ limit: {} }, /no option limit\. Known are: plugins, limits, /],
    [{ limits: { maxPackets: 1 } }, /no option limits\.maxPackets\. Known are: connectTimeoutMs, /],
    [{ limits: { toString: 1 } }, /no option limits\.toString/],
    [{ limits: [] }, /option limits is a list, but must be an object/],
    [{ limits: 'all' }, /option limits is "all"/],
    [{ plugins: {} }, /option plugins is an object, but must be a list/],
    [{ plugins: [{ name: '', setup: () => {} }] }, /option plugins\[0\] is an object, but must be/],
    [{ plugins: [{ name: 'a', setup: () => {} }, () => {}] }, /option plugins\[1\] is a function/],
    [{ environment: { now: Date.now } }, /option environment is an object, .*monotonic/],
    [
      { allowControlCharacters: 1 },
      /option allowControlCharacters is 1, but must be true or false/,
    ],
    [{ serverReference: '' }, /serverReference is "", but must be a string of at most 65535 bytes/],
    [{ serverReference: 'x'.repeat(65_536) }, /serverReference is a string of 65536 characters/],
    [null, /option options is null/],
    [[], /option options is a list/],
  ])('refuses %j', (options, message) => {
    expect(messageOf(options)).toMatch(message);
  });
});

describe('limits', () => {
  it('cannot be changed', () => {
    expect(Object.isFrozen(defaultLimits)).toBe(true);
    expect(Object.isFrozen(limitRanges)).toBe(true);
    expect(Object.isFrozen(resolveOptions({ limits: { maxQos: 0 } }).limits)).toBe(true);
  });

  it('say in their comments what the table says', () => {
    const source = readFileSync(new URL('../src/base/limits.ts', import.meta.url), 'utf8');
    const shown = (value: number): string => value.toLocaleString('en-US');
    for (const name of names) {
      const { default: byDefault, min, max } = limitRanges[name];
      const [before] = source.split(`  readonly ${name}: `);
      const comment = before?.slice(before.lastIndexOf('/**')).replaceAll(/\s*\n\s*\* /g, ' ');
      expect(comment).toContain(
        `from ${shown(min)} to ${shown(max)}; ${shown(byDefault)} by default.`,
      );
      expect(comment).toMatch(/Section \d(\.\d+)+\./);
    }
  });
});
