import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Decoder,
  encodePacket,
  IncomingPublish,
  PacketType,
  type PublishProperties,
} from '../src/index.ts';

function decoder(): Decoder {
  return new Decoder({ role: 'server', maxPacketBytes: 10_000, protocolVersion: 5 });
}

function publish(properties: PublishProperties): Uint8Array {
  const fields = { qos: 0, retain: false, dup: false, topic: 'a', packetId: 0 } as const;
  const body = { properties, payload: Buffer.from('some payload') };
  return encodePacket({ type: PacketType.publish, ...fields, ...body }, 5);
}

function decode(from: Decoder, bytes: Uint8Array): IncomingPublish {
  from.push(bytes);
  const packet = from.next();
  expect(from.next()).toBe(undefined);
  if (!(packet instanceof IncomingPublish)) throw new Error('not a PUBLISH');
  return packet;
}

// Short values of few letters, so that blocks are the same, begin or end alike, or contain one another.
const aText = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 });
const someProperties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    contentType: aText,
    messageExpiryInterval: fc.nat(2),
    topicAlias: fc.integer({ min: 1, max: 2 }),
    userProperties: fc.array(fc.tuple(aText, aText), { minLength: 1, maxLength: 2 }),
    responseTopic: fc.constantFrom('short', 'long'.repeat(40)),
    correlationData: fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  },
  { requiredKeys: [] },
);

test('properties are the same, whatever came before them', () => {
  const blocks = fc.array(someProperties, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(blocks, fc.array(fc.nat(3), { maxLength: 20 }), (choice, order) => {
      const used = decoder();
      for (const index of order) {
        const bytes = publish(choice[index % choice.length] as PublishProperties);
        const packet = decode(used, bytes);
        const expected = decode(decoder(), bytes);
        expect(packet.properties).toEqual(expected.properties);
        expect(packet.payload).toEqual(expected.payload);
      }
    }),
  );
});

test('properties that are repeated are decoded once, and do not lie in the chunk', () => {
  const used = decoder();
  const bytes = publish({ contentType: 'text', userProperties: [['a', 'b']] });
  const { properties } = decode(used, bytes);
  const again = decode(used, Uint8Array.from(bytes));
  bytes.fill(0);
  expect(again.properties).toBe(properties);
  expect(decode(used, publish({ contentType: 'text' })).properties).toEqual({
    contentType: 'text',
  });
});
