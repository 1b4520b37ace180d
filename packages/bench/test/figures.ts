import type { Measurement } from '../src/measurement.ts';
import type { Scenario } from '../src/scenario.ts';

/** A scenario of one phase with latency and memory. */
export const scenario: Scenario = {
  name: 'fanin',
  title: 'fan-in',
  regime: 'pipelined',
  load: { kind: 'fanin' },
  phases: [{ title: 'deliver', prefix: '', unit: 'message', hasLatency: true }],
  memory: { key: 'rss_kb_per_conn', bytesPerUnit: 1024, unit: 'connection' },
  timeoutSeconds: 60,
  isDefault: true,
};

/** A valid run of it. */
export function run(
  broker: string,
  repetition: number,
  cpuMicros: number,
  more: Partial<Measurement> = {},
): Measurement {
  const deliver = { title: 'deliver', perSecond: 1e6 / cpuMicros, cpuMicros, generatorPercent: 40 };
  return {
    ...{ scenario: 'fanin', broker, repetition, problems: [], remarks: [], lost: 0 },
    phases: [{ ...deliver, p50Micros: 100, p99Micros: 900 }],
    memoryBytesPerUnit: cpuMicros * 1000,
    ...more,
  };
}
