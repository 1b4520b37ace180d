import {
  encodePublishHead,
  noProperties,
  type ProtocolVersion,
  type PublishHeadFields,
} from '@sluice/packet';
import type { MicroBenchmark } from './micro-benchmark.ts';

const heads = 1_000;
const payloadBytes = 32;

/** Heads of PUBLISH packets, as they are made once for each variant of a message. */
export function encodeBenchmarks(): MicroBenchmark[] {
  const fields = {
    topic: 'bench/in/042',
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: noProperties,
  } as const;
  return [
    benchmark('PUBLISH head 3.1.1, QoS 0', fields, 4),
    benchmark('PUBLISH head 3.1.1, QoS 1', { ...fields, qos: 1, packetId: 1 }, 4),
    benchmark('PUBLISH head 5.0, QoS 1', { ...fields, qos: 1, packetId: 1 }, 5),
    benchmark(
      'PUBLISH head 5.0, QoS 1, two properties',
      {
        ...fields,
        qos: 1,
        packetId: 1,
        properties: { contentType: 'text/plain', userProperties: [['origin', 'bench']] },
      },
      5,
    ),
  ];
}

function benchmark(
  name: string,
  fields: PublishHeadFields,
  version: ProtocolVersion,
): MicroBenchmark {
  return {
    group: 'encode',
    name,
    operations: heads,
    run() {
      let bytes = 0;
      for (let index = 0; index < heads; index++) {
        bytes += encodePublishHead(fields, payloadBytes, version).bytes.length;
      }
      if (bytes === 0) throw new Error('nothing was encoded');
    },
  };
}
