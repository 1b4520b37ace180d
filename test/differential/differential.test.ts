import { readdirSync, readFileSync } from 'node:fs';
import { allow, deny, type Plugin } from '@sluice/plugin';
import { describe, expect, it, vi } from 'vitest';
import { foreignTest } from '../support/foreign.ts';
import { allowances } from './allowances.ts';
import { mosquitto } from './brokers.ts';
import { generateScript } from './generate.ts';
import { run } from './run.ts';
import { ScriptRules } from './script-rules.ts';

// `SEED=7` plays one script; `SEEDS=5000` that many, and `FROM=1001` says where to begin.
const { SEED, SEEDS = '150', FROM = '1' } = process.env;
const count = SEED === undefined ? Number(SEEDS) : 1;
const from = Number(SEED ?? FROM);

// A script takes some 50 ms; a busy machine makes it more.
vi.setConfig({ testTimeout: 180_000 + 1_000 * count });

foreignTest(
  [mosquitto],
  'random scripts look the same to the clients of Sluice and of Mosquitto',
  async () => {
    const { failures, summary } = await run(from, count);
    console.log(summary);
    expect(failures.map(({ report }) => report).join('\n\n')).toBe('');
  },
);

foreignTest([mosquitto], 'a message that is lost is found, in a small script', async () => {
  const loss: Plugin = {
    name: 'loss',
    setup(context) {
      context.hook('authorizeDeliver', ({ message }) => (message.qos === 2 ? deny() : allow()));
    },
  };
  const { failures } = await run(1, 2, [loss]);
  expect(failures.length).toBeGreaterThan(0);
  // Two clients, a subscription, and what makes the message be sent and be missed.
  for (const { script } of failures) expect(script.steps.length).toBeLessThanOrEqual(6);
});

describe('a script', () => {
  const seeds = Array.from({ length: 50 }, (_, seed) => seed);

  it('is what its seed says', () => {
    expect(seeds.map(generateScript)).toEqual(seeds.map(generateScript));
    expect(new Set(seeds.map((seed) => JSON.stringify(generateScript(seed).steps))).size).toBe(50);
  });

  it('is legal', () => {
    for (const { habits, steps } of seeds.map(generateScript)) {
      expect(ScriptRules.legal(habits, steps)).toEqual(steps);
    }
  });
});

describe('allowed-differences.md', () => {
  const folder = new URL('./', import.meta.url);
  const page = readFileSync(new URL('allowed-differences.md', folder), 'utf8');
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name);

  it('explains every difference that is settled or avoided, and no other', () => {
    const avoided = readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => [
        ...readFileSync(new URL(name, folder), 'utf8').matchAll(/\bAvoids `([^`]+)`/g),
      ])
      .map(([, name]) => name);
    const named = new Set([...allowances.map(({ name }) => name), ...avoided]);
    expect(headings.toSorted()).toEqual([...named].toSorted());
  });
});
