import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConversationTarget } from './conversation/target.ts';
import { readCorpus } from './corpus/read-corpus.ts';
import { addCounters } from './coverage/add-counters.ts';
import { Coverage } from './coverage/counters.ts';
import { DecoderTarget } from './decoder/target.ts';
import { laxer, stricter } from './differential/allowances.ts';
import { fuzz } from './engine/fuzz.ts';
import { shrink } from './engine/shrink.ts';
import { brokerFaults } from './faults/brokers.ts';
import { decoderFaults, meaningFaults } from './faults/decoders.ts';
import { targetNames } from './targets.ts';

describe('counters', () => {
  const source = `
    function judge(value) {
      if (value > 10) if (value > 20) return 'many'; else return 'more';
      switch (value) { case 0: return 'none'; case 1: case 2: { return 'few'; } default: }
      const found = [1, 2].map((one) => ({ one })).filter(({ one }) => one === value && one > 0);
      for (const { one } of found) return one;
      do value++; while (value < 5)
      return value === 5 ? (value, 'five') : value ?? 'nothing';
    }
    return [0, 1, 5, 15, 25, 3, 7, NaN].map(judge);`;

  it('change nothing but themselves', () => {
    // A module may not return; a function may.
    const wrapped = `const run = function () {${source}}; globalThis.__result = run();`;
    const evaluate = (code: string): unknown => {
      new Function(code)();
      return Reflect.get(globalThis, '__result');
    };
    const bytes = new Uint8Array(100);
    const before = Reflect.get(globalThis, '__fuzzCounters');
    Reflect.set(globalThis, '__fuzzCounters', { use: () => bytes });
    const { code, counters } = addCounters(wrapped, 3);
    expect(evaluate(code)).toEqual(evaluate(wrapped));
    Reflect.set(globalThis, '__fuzzCounters', before);
    expect(code.split('\n').length).toBe(wrapped.split('\n').length);
    expect(counters).toBeGreaterThan(15);
    expect(bytes[2]).toBe(0);
    expect(bytes.subarray(3, 3 + counters).filter((times) => times > 0).length).toBeGreaterThan(10);
    expect(bytes[3 + counters]).toBe(0);
  });
});

describe('a failing input', () => {
  it('is shrunk to what matters', async () => {
    const fault = decoderFaults.find(({ name }) => name === 'uncaught');
    const target = new DecoderTarget({ makeDecoder: (options) => fault?.make(options) as never });
    const { failure } = await fuzz(target, new Coverage(), { seed: 1, inputs: 100_000 });
    expect(failure?.finding.rule).toBe('uncaught exception');
    const smallest = await shrink(target, failure?.input as never, 'uncaught exception');
    expect(() => target.run(smallest)).toThrow('undefined is not a function');
    // DISCONNECT with an expiry and an empty reason string, and nothing else.
    expect(target.write(smallest)).toBe('s5 e00a00081f00001100000000');
    expect(target.read(target.write(smallest))).toEqual(smallest);
  });
});

it('every fault and every allowed difference is in the documentation', () => {
  const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8');
  const faults = [...decoderFaults, ...meaningFaults, ...brokerFaults];
  const rows = [
    ...faults.map(({ name, says }) => `| \`${name}\` | `.concat(`… | ${says} |`)),
    ...[...stricter, ...laxer].map(({ name }) => `| ${name} | `),
  ];
  const text = page.replace(/^(\| `[\w-]+` \| )`\w+`/gm, '$1…');
  expect(rows.filter((row) => !text.includes(row))).toEqual([]);
});

describe('the corpus', () => {
  it.each(targetNames)('of %s is small', (name) => {
    expect(readCorpus(name).join('\n').length).toBeLessThan(64 * 1024);
  });

  it('is written as it is read', () => {
    const decoder = new DecoderTarget();
    for (const line of readCorpus('decoder')) expect(decoder.write(decoder.read(line))).toBe(line);
    const conversation = new ConversationTarget();
    const lines = readCorpus('conversation');
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(conversation.write(conversation.read(line))).toBe(line);
  });
});
