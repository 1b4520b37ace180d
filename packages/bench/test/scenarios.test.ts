import { describe, expect, it } from 'vitest';
import { brokers } from '../src/brokers/index.ts';
import { loadArguments } from '../src/load.ts';
import { scenarioNamed, scenarios } from '../src/scenarios.ts';

describe('scenarios', () => {
  it('have names of their own', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  });

  it('name brokers that there are', () => {
    const known = brokers.map(({ name }) => name);
    for (const scenario of scenarios) {
      for (const name of scenario.brokers ?? []) expect(known).toContain(name);
    }
  });

  it('say the size of a packet where a relay can run', () => {
    // Fixed header, topic with its length, payload: what the relay must not cut apart.
    for (const { load, relayPacketBytes } of scenarios) {
      if (relayPacketBytes === undefined) continue;
      const topic = { fanin: 'bench/in/000', fanout: 'bench/out/000', pairs: 'bench/p/000' };
      const body = 2 + topic[load.kind as keyof typeof topic].length + (load.payload ?? 0);
      expect(relayPacketBytes).toBe(1 + (body < 128 ? 1 : 2) + body);
    }
  });
});

describe('loadArguments', () => {
  it('names the load and then the target', () => {
    const load = scenarioNamed('pairs1')?.load;
    if (load === undefined) throw new Error('no such scenario');
    expect(loadArguments(load, { port: 1, pid: 2, cpu: 1, version5: true }).join(' ')).toBe(
      'pairs --payload 32 --secs 2 --warm 0.6 --npub 50 --qos 1 --inflight 20 --window 1000 --port 1 --pid 2 --cpu 1 --v5 1',
    );
  });

  it('speaks MQTT 5.0 where the load or the target asks for it', () => {
    const words = (load: object, version5: boolean) =>
      loadArguments({ kind: 'fanin', ...load }, { port: 1, pid: 2, version5 }).join(' ');
    expect(words({ v5: 1, alias: 1 }, false)).toBe('fanin --v5 1 --alias 1 --port 1 --pid 2');
    expect(words({}, true)).toBe('fanin --port 1 --pid 2 --v5 1');
  });

  it('tells when the broker was started, to the nanosecond', () => {
    const since = 9_007_199_254_740_993n;
    expect(loadArguments({ kind: 'returning' }, { port: 1, pid: 2, since }).join(' ')).toBe(
      'returning --port 1 --pid 2 --since 9007199254740993',
    );
  });

  it('changes the duration of loads that have one, and of no others', () => {
    const target = { port: 1, pid: 2, seconds: 9, raw: true };
    expect(loadArguments({ kind: 'storm', secs: 2 }, target).join(' ')).toBe(
      'storm --secs 9 --port 1 --pid 2 --raw 1',
    );
    expect(loadArguments({ kind: 'idle', conns: 10 }, target).join(' ')).toBe(
      'idle --conns 10 --port 1 --pid 2 --raw 1',
    );
  });
});
