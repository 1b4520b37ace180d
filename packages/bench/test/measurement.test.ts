import { describe, expect, it } from 'vitest';
import { parseResult } from '../src/measurement.ts';
import { scenarioNamed } from '../src/scenarios.ts';
import { scenario } from './figures.ts';

const identity = { scenario: 'fanin', broker: 'sluice', repetition: 1 };
const good = {
  msgs_per_s: 12_836_716,
  broker_cpu_us_per_msg: 0.046,
  loadgen_cpu_pct: 94,
  p50_us: 1032.2,
  p99_us: 3473.4,
  peak_rss_mb: 61.5,
  lost: 0,
  dup_or_reorder: 0,
  gaps: 0,
  unexpected_close: 0,
  errors: 0,
  wrong_qos: 0,
  ok: true,
};

function parse(result: object, knownFaults: readonly string[] = []) {
  return parseResult(identity, scenario, JSON.stringify(result), knownFaults);
}

describe('parseResult', () => {
  it('takes the figures of a valid run', () => {
    expect(parse(good)).toEqual({
      ...identity,
      problems: [],
      remarks: [],
      lost: 0,
      peakMegabytes: 61.5,
      phases: [
        {
          title: 'deliver',
          perSecond: 12_836_716,
          cpuMicros: 0.046,
          generatorPercent: 94,
          p50Micros: 1032.2,
          p99Micros: 3473.4,
        },
      ],
    });
  });

  it('takes memory in bytes', () => {
    expect(parse({ ...good, rss_kb_per_conn: 6.5 }).memoryBytesPerUnit).toBe(6656);
  });

  it('takes each phase by its prefix, and the latency where it belongs', () => {
    const sub100k = scenarioNamed('sub100k');
    if (sub100k === undefined) throw new Error('no such scenario');
    const output = JSON.stringify({
      sub_msgs_per_s: 62_041,
      sub_broker_cpu_us_per_msg: 16.1,
      pub_msgs_per_s: 31_423,
      pub_broker_cpu_us_per_msg: 31.66,
      p50_us: 53_477,
      rss_bytes_per_sub: 1578,
      ok: true,
    });
    const { phases, problems, memoryBytesPerUnit } = parseResult(identity, sub100k, output, []);
    expect(problems).toEqual([]);
    expect(memoryBytesPerUnit).toBe(1578);
    expect(phases).toMatchObject([
      { title: 'subscribe', cpuMicros: 16.1 },
      { title: 'publish', cpuMicros: 31.66, p50Micros: 53_477 },
    ]);
    expect(phases[0]).not.toHaveProperty('p50Micros');
  });

  it.each([
    [{ lost: 3 }, '3 messages lost'],
    [{ lost: -1 }, '1 messages too many'],
    [{ dup_or_reorder: 2 }, '2 messages repeated or out of order'],
    [{ gaps: 4 }, '4 gaps in the order of messages'],
    [{ missing_acks: 5 }, '5 acknowledgements missing'],
    [{ puback_fail: 1 }, '1 messages refused'],
    [{ suback_fail: 1 }, '1 subscriptions refused'],
    [{ unexpected_close: 7 }, '7 connections closed by the broker'],
    [{ wrong_qos: 6 }, '6 messages at another QoS than they should have'],
    [{ errors: 1 }, '1 packets that are wrong'],
    [{ stalled: 1 }, 'it stood still for seconds'],
    [{ pub_stalled: 1 }, 'it stood still for seconds'],
  ])('makes a run with %j invalid', (fault, words) => {
    expect(parse({ ...good, ...fault, ok: false }).problems).toEqual([words]);
  });

  it('is not content with counters at 0 when the check failed', () => {
    expect(parse({ ...good, ok: false }).problems).toEqual(['it failed its check']);
  });

  it('makes a run invalid when a phase is missing', () => {
    const { broker_cpu_us_per_msg, ...rest } = good;
    expect(parse(rest).problems).toEqual(['the result is incomplete']);
  });

  it('says what the load generator said', () => {
    expect(parse({ error: 'only 3 of 50 clients became ready' }).problems).toEqual([
      'only 3 of 50 clients became ready',
    ]);
  });

  it('does not fail on output that is no JSON', () => {
    const { problems } = parseResult(identity, scenario, '', []);
    expect(problems).toEqual(['the load generator printed no result']);
  });

  it('takes the figures that the scenario names', () => {
    const figures = [{ key: 'ready_ms', title: 'until ready', unit: 'ms' }] as const;
    const output = JSON.stringify({ ...good, ready_ms: 12, other_ms: 3 });
    const measurement = parseResult(identity, { ...scenario, figures }, output, []);
    expect(measurement.figures).toEqual({ ready_ms: 12 });
  });

  it('counts a run that failed its check for a known fault alone', () => {
    expect(parse({ ...good, lost: 2, ok: false }, ['lost']).problems).toEqual([]);
    expect(parse({ ...good, lost: 2, errors: 1, ok: false }, ['lost']).problems).toEqual([
      '1 packets that are wrong',
    ]);
  });

  it('remarks on a known fault, and counts the run', () => {
    const { problems, remarks } = parse({ ...good, wrong_qos: 20_000 }, ['wrong_qos']);
    expect(problems).toEqual([]);
    expect(remarks).toEqual(['20000 messages at another QoS than they should have']);
  });
});
