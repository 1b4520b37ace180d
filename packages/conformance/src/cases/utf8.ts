import { Buffer } from 'node:buffer';
import { type ProtocolVersion, ReasonCode } from '@sluice/packet';
import { bytes, type Part, props, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { rawConnect, rawWill } from '../raw-connect.ts';
import type { Trial } from '../trial.ts';
import { malformedCodes } from './codes.ts';

const illFormed: Readonly<Record<string, Uint8Array>> = {
  'a lone continuation byte': bytes('61 80 62'),
  'a sequence cut short': bytes('61 e2 82'),
  'an overlong form of two bytes': bytes('c0 af'),
  'an overlong form of three bytes': bytes('e0 80 af'),
  'a code point above U+10FFFF': bytes('f4 90 80 80'),
  'a byte that never occurs': bytes('61 ff'),
  'the surrogate U+D800': bytes('ed a0 80'),
  'the surrogate U+DFFF': bytes('ed bf bf'),
  'a pair of surrogates': bytes('ed a0 bd ed b8 80'),
};

const withNull: Readonly<Record<string, Uint8Array>> = {
  'U+0000 at the start': bytes('00 61'),
  'U+0000 in the middle': bytes('61 00 62'),
  'U+0000 at the end': bytes('61 00'),
};

interface Place {
  readonly name: string;
  /** Statements that say that this field is a UTF-8 string. */
  readonly v5: string;
  readonly v311?: string;
  /** The packet with this text in that field. */
  readonly packet: (version: ProtocolVersion, text: Uint8Array) => Uint8Array;
}

const inConnect: readonly Place[] = [
  {
    name: 'client-id',
    v5: 'MQTT-3.1.3-4',
    v311: 'MQTT-3.1.3-4',
    packet: (version, text) => rawConnect(version, { payload: [str(text)] }),
  },
  {
    name: 'will-topic',
    v5: 'MQTT-3.1.3-11',
    v311: 'MQTT-3.1.3-10',
    packet: (version, text) =>
      rawConnect(version, { flags: 0x06, payload: [str('c'), rawWill(version, text)] }),
  },
  {
    name: 'user-name',
    v5: 'MQTT-3.1.3-12',
    v311: 'MQTT-3.1.3-11',
    packet: (version, text) => rawConnect(version, { flags: 0x82, payload: [str('c'), str(text)] }),
  },
];

const afterConnect: readonly Place[] = [
  {
    name: 'topic-name',
    v5: 'MQTT-3.3.2-1',
    v311: 'MQTT-3.3.2-1',
    packet: (version, text) => rawPacket(0x30, str(text), noProperties(version), '61'),
  },
  {
    name: 'subscribe-filter',
    v5: 'MQTT-3.8.3-1',
    v311: 'MQTT-3.8.3-1',
    packet: (version, text) => rawPacket(0x82, u16(1), noProperties(version), str(text), 0),
  },
  {
    name: 'unsubscribe-filter',
    v5: 'MQTT-3.10.3-1',
    v311: 'MQTT-3.10.3-1',
    packet: (version, text) => rawPacket(0xa2, u16(1), noProperties(version), str(text)),
  },
  {
    name: 'response-topic',
    v5: 'MQTT-3.3.2-13',
    packet: (_, text) => publishWith('08', str(text)),
  },
  {
    name: 'content-type',
    v5: 'MQTT-3.3.2-19',
    packet: (_, text) => publishWith('03', str(text)),
  },
  {
    name: 'user-property-name',
    v5: 'MQTT-1.5.7-1',
    packet: (_, text) => publishWith('26', str(text), str('value')),
  },
  {
    name: 'user-property-value',
    v5: 'MQTT-1.5.7-1',
    packet: (_, text) => publishWith('26', str('name'), str(text)),
  },
];

function noProperties(version: ProtocolVersion): Part {
  return version === 5 ? props() : bytes();
}

function publishWith(...properties: readonly Part[]): Uint8Array {
  return rawPacket(0x30, str('sluice-conformance'), props(...properties), '61');
}

// Topics that break a rule of names are refused as such by some brokers.
const refusals = [...malformedCodes, ReasonCode.topicNameInvalid, ReasonCode.topicFilterInvalid];

function casesFor(
  about: string,
  texts: Readonly<Record<string, Uint8Array>>,
  rule: { readonly v5: string; readonly v311: string },
): readonly ConformanceCase[] {
  const caseOf = (
    { name, v5, v311, packet }: Place,
    begin: (t: Trial) => ReturnType<Trial['open']>,
  ) =>
    defineCase({
      name: `${about}-in-${name}-closes`,
      ids: { v5: [...new Set([rule.v5, v5])], ...(v311 && { v311: [rule.v311, v311] }) },
      versions: v311 === undefined ? [5] : [4, 5],
      run: (t) =>
        t.each(texts, async (text) => {
          const client = await begin(t);
          client.send(packet(t.version, text));
          await client.expectClosed({ codes: refusals });
        }),
    });
  return [
    ...inConnect.map((place) => caseOf(place, (t) => t.open())),
    ...afterConnect.map((place) => caseOf(place, (t) => t.connect())),
  ];
}

/** UTF-8 strings: section 1.5.4 of 5.0, 1.5.3 of 3.1.1. */
export const utf8Cases: readonly ConformanceCase[] = [
  ...casesFor('ill-formed-utf8', illFormed, { v5: 'MQTT-1.5.4-1', v311: 'MQTT-1.5.3-1' }),
  ...casesFor('null-character', withNull, { v5: 'MQTT-1.5.4-2', v311: 'MQTT-1.5.3-2' }),

  defineCase({
    name: 'byte-order-mark-is-a-character',
    ids: { v5: ['MQTT-1.5.4-3'], v311: ['MQTT-1.5.3-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const plain = t.topic();
      const marked = `\uFEFF${plain}`;
      const subscriber = await t.connect();
      await subscriber.subscribe(plain, marked);
      const publisher = await t.connect();
      await publisher.publish(marked, 'marked', { qos: 1 });
      await publisher.publish(plain, 'plain', { qos: 1 });
      const first = await subscriber.expect('publish', { payload: 'marked' });
      const topic = Buffer.from(marked);
      const sent = Buffer.from(subscriber.bytesOf(first)).subarray(4, 4 + topic.length);
      t.check(
        { v5: 'MQTT-1.5.4-3', v311: 'MQTT-1.5.3-3' },
        sent.equals(topic),
        'the topic name was forwarded without its EF BB BF, or changed',
      );
      await subscriber.expect('publish', { topic: plain, payload: 'plain' });
      await subscriber.expectNothing();
    },
  }),

  defineCase({
    name: 'string-pair-without-value-closes',
    ids: { v5: ['MQTT-1.5.7-1'] },
    versions: [5],
    run: (t) =>
      t.each(
        {
          'in CONNECT': rawConnect(5, {
            properties: props('26', str('name')),
            payload: [str('c')],
          }),
          'in PUBLISH': publishWith('26', str('name')),
          'in SUBSCRIBE': rawPacket(0x82, u16(1), props('26', str('name')), str('f'), 0),
        },
        async (packet) => {
          const client = packet[0] === 0x10 ? await t.open() : await t.connect();
          client.send(packet);
          await client.expectClosed({ codes: malformedCodes });
        },
      ),
  }),
];
