import { createEnvironment, type Environment } from '@sluice/core';
import {
  encodePublishHead,
  noProperties,
  type ProtocolVersion,
  type PublishHeadFields,
} from '@sluice/packet';
import { coreModule } from './core-module.ts';
import { routedMessages } from './core-parts.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const heads = 1_000;
const payloadBytes = 32;
const receivers = 1_000;
const expirySeconds = 3_600;

/** How messages are encoded for one client. It is no part of what `@sluice/core` exports. */
interface Encoding {
  encode(message: object, qos: 0, retain: boolean, dup: boolean, identifiers?: number[]): object;
}

interface EncodingModule {
  readonly ReceiverEncoding: new (
    version: number,
    topicAliasMaximum: number,
    environment: Environment,
  ) => Encoding;
}

/** Heads of PUBLISH packets, as they are made once for each variant of a message, and messages for many receivers. */
export async function encodeBenchmarks(): Promise<MicroBenchmark[]> {
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
    ...(await receiverBenchmarks()),
  ];
}

/** One message of 5.0 for many receivers, with what not all of them get. */
async function receiverBenchmarks(): Promise<MicroBenchmark[]> {
  const { ReceiverEncoding } = await coreModule<EncodingModule>('connection/receiver-encoding');
  const newMessage = await routedMessages();
  const environment = createEnvironment();
  const encoding = new ReceiverEncoding(5, 0, environment);
  const toAll = (
    name: string,
    messageOf: () => object,
    identifiersOf: (receiver: number) => number[] | undefined,
  ): MicroBenchmark => ({
    group: 'encode',
    name: `5.0 to 1,000 receivers, ${name}, for each`,
    operations: receivers,
    run() {
      const message = messageOf();
      for (let index = 0; index < receivers; index++) {
        encoding.encode(message, 0, false, false, identifiersOf(index));
      }
    },
  });
  const plain = () => newMessage({});
  const expiring = (ageMs: number) => () => {
    const receivedAt = environment.now() - ageMs;
    const expiresAt = receivedAt + expirySeconds * 1_000;
    const properties = { messageExpiryInterval: expirySeconds };
    return newMessage({ properties, receivedAt, expiresAt });
  };
  return [
    toAll('nothing of their own', plain, () => undefined),
    toAll('one subscription identifier for all', plain, () => [7]),
    toAll('ten subscription identifiers in turn', plain, (receiver) => [(receiver % 10) + 1]),
    toAll('a message that expires', expiring(0), () => undefined),
    toAll('one that waited for a minute', expiring(60_000), () => undefined),
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
