import {
  Decoder,
  encodePacket,
  noProperties,
  PacketType,
  type PublishPacket,
  TopicCache,
} from '@sluice/packet';
import type { MicroBenchmark } from './micro-benchmark.ts';

const packets = 1_000;
const chunkBytes = 64 * 1024;
const maxPacketBytes = 1024 * 1024;

/** PUBLISH packets out of chunks: one topic, many topics, with properties, and cut at every place. */
export function decodeBenchmarks(): MicroBenchmark[] {
  const oneTopic = chunkOf(4, () => ({}));
  const manyTopics = chunkOf(4, (index) => ({ topic: `bench/in/${(index * 7919) % packets}` }));
  const withProperties = chunkOf(5, () => ({
    properties: { contentType: 'text/plain', userProperties: [['origin', 'bench']] },
  }));
  return [
    benchmark('PUBLISH 3.1.1, one topic', 4, [oneTopic]),
    benchmark('PUBLISH 3.1.1, 1,000 topics', 4, [manyTopics]),
    benchmark('PUBLISH 5.0, two properties', 5, [withProperties]),
    benchmark('PUBLISH 3.1.1, chunks of 61 bytes', 4, pieces(oneTopic, 61)),
    benchmark('PUBLISH 3.1.1, chunks of 64 KB', 4, pieces(oneTopic, chunkBytes)),
  ];
}

function benchmark(name: string, version: 4 | 5, chunks: readonly Uint8Array[]): MicroBenchmark {
  const decoder = new Decoder({
    role: 'server',
    maxPacketBytes,
    protocolVersion: version,
    topicCache: new TopicCache(),
  });
  return {
    group: 'decode',
    name,
    operations: packets,
    run() {
      let count = 0;
      for (const chunk of chunks) {
        decoder.push(chunk);
        while (decoder.next() !== undefined) count++;
      }
      if (count !== packets) throw new Error(`decoded ${count} packets of ${packets}`);
    },
  };
}

function chunkOf(version: 4 | 5, fields: (index: number) => Partial<PublishPacket>): Buffer {
  const all = Array.from({ length: packets }, (_, index) => {
    const packet: PublishPacket = {
      type: PacketType.publish,
      qos: 0,
      retain: false,
      dup: false,
      topic: 'bench/in/042',
      packetId: 0,
      properties: noProperties,
      payload: Buffer.alloc(32, 'x'),
      ...fields(index),
    };
    return encodePacket(packet, version);
  });
  return Buffer.concat(all);
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}
