import { Buffer } from 'node:buffer';
import { type PublishProperties, ReasonCode } from '@sluice/packet';
import { type Part, str, u16, u32 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Match } from '../matching.ts';
import { malformedCodes, protocolErrorCodes } from './codes.ts';
import { rawPublish } from './deliveries.ts';

interface Forwarded {
  readonly name: string;
  readonly ids: readonly string[];
  readonly sent: readonly PublishProperties[];
}

const absent: PublishProperties = {
  payloadFormatIndicator: undefined,
  contentType: undefined,
  responseTopic: undefined,
  correlationData: undefined,
  userProperties: undefined,
} as unknown as PublishProperties;

const pairs = [
  ['b', '1'],
  ['a', '2'],
  ['b', '3'],
  ['a', '2'],
  ['', ''],
  ['__proto__', 'ü'],
  ['b', '1'],
] as const;

const forwarded: readonly Forwarded[] = [
  {
    name: 'payload-format-indicator',
    ids: ['MQTT-3.3.2-4'],
    sent: [{}, { payloadFormatIndicator: 0 }, { payloadFormatIndicator: 1 }],
  },
  {
    name: 'response-topic',
    ids: ['MQTT-3.3.2-15', 'MQTT-3.3.2-13'],
    sent: [{}, { responseTopic: 'reply/to/Größe' }],
  },
  {
    name: 'correlation-data',
    ids: ['MQTT-3.3.2-16'],
    sent: [
      {},
      { correlationData: Buffer.alloc(0) },
      { correlationData: Buffer.from([0, 1, 0, 255, 128]) },
      { correlationData: Buffer.alloc(1_000, 7) },
    ],
  },
  {
    name: 'content-type',
    ids: ['MQTT-3.3.2-20', 'MQTT-3.3.2-19'],
    sent: [{}, { contentType: '' }, { contentType: 'text/plain; charset=utf-8' }],
  },
  {
    name: 'user-properties',
    ids: ['MQTT-3.3.2-17', 'MQTT-3.3.2-18'],
    sent: [{}, { userProperties: [['only', 'one']] }, { userProperties: pairs }],
  },
  {
    name: 'all-properties-together',
    ids: ['MQTT-3.3.2-4', 'MQTT-3.3.2-15', 'MQTT-3.3.2-16', 'MQTT-3.3.2-17', 'MQTT-3.3.2-20'],
    sent: [
      {
        payloadFormatIndicator: 1,
        contentType: 'application/json',
        responseTopic: 'r',
        correlationData: Buffer.from('c'),
        userProperties: pairs,
      },
    ],
  },
];

/** What must arrive: the same, and nothing that was not sent. */
function arriving(sent: PublishProperties): Match<PublishProperties> {
  return { ...absent, ...sent, topicAlias: undefined } as Match<PublishProperties>;
}

/** Properties of PUBLISH: section 3.3.2.3 of 5.0. */
export const publishPropertiesCases: readonly ConformanceCase[] = [
  ...forwarded.map(({ name, ids, sent }) =>
    defineCase({
      name: `${name}-reaches-live-and-later-subscribers`,
      ids: { v5: ids },
      versions: [5],
      needs: ['retain'],
      async run(t) {
        // Request Problem Information is about the broker's own user properties, not about those of a PUBLISH.
        const live = await t.connect({ properties: { requestProblemInformation: 0 } });
        const publisher = await t.connect();
        for (const [index, properties] of sent.entries()) {
          const topic = t.topic(`${index}`);
          await live.subscribe({ filter: topic, qos: 1 });
          await publisher.publish(topic, 'x', { qos: 1, retain: true, properties });
          await live.expectMessage({ properties: arriving(properties) });
          const later = await t.connect();
          await later.subscribe({ filter: topic, qos: 1 });
          await later.expectMessage({ retain: true, properties: arriving(properties) });
        }
      },
    }),
  ),

  defineCase({
    name: 'properties-wait-with-their-message',
    ids: {
      v5: ['MQTT-3.3.2-4', 'MQTT-3.3.2-15', 'MQTT-3.3.2-16', 'MQTT-3.3.2-17', 'MQTT-3.3.2-18'],
    },
    versions: [5],
    async run(t) {
      const topic = t.topic();
      const properties = forwarded.at(-1)?.sent[0] as PublishProperties;
      const absentee = await t.connect({ keep: true });
      await absentee.subscribe({ filter: topic, qos: 2 });
      await absentee.disconnect();
      const publisher = await t.connect();
      for (const qos of t.qosFrom(1)) await publisher.publish(topic, 'x', { qos, properties });
      const { clientId } = absentee;
      const back = await t.connect({ clientId, keep: true });
      for (const qos of t.qosFrom(1)) {
        await back.expectMessage({ qos, properties: arriving(properties) });
      }
    },
  }),

  defineCase({
    name: 'wildcard-in-a-response-topic-closes',
    ids: { v5: ['MQTT-3.3.2-14'] },
    versions: [5],
    run: (t) =>
      t.each({ '#': 'a/#', '+': '+/a' }, async (responseTopic) => {
        const topic = t.topic();
        const subscriber = await t.connect();
        await subscriber.subscribe(topic);
        const publisher = await t.connect();
        publisher.send(rawPublish(5, 0x30, topic, 0x08, str(responseTopic)));
        await publisher.expectClosed({
          codes: [...protocolErrorCodes, ReasonCode.topicNameInvalid],
        });
        await subscriber.expectNothing(100);
      }),
  }),

  defineCase({
    name: 'payload-format-indicator-is-0-or-1',
    ids: { v5: ['MQTT-4.13.1-1'] },
    versions: [5],
    async run(t) {
      const publisher = await t.connect();
      publisher.send(rawPublish(5, 0x30, t.topic(), '01 02'));
      await publisher.expectClosed({ codes: protocolErrorCodes });
    },
  }),

  defineCase({
    name: 'property-of-publish-twice-closes',
    ids: { v5: ['MQTT-4.13.1-1'] },
    versions: [5],
    run: (t) => {
      const once: Readonly<Record<string, readonly Part[]>> = {
        'Payload Format Indicator': ['01 01'],
        'Message Expiry Interval': [0x02, u32(60)],
        'Content Type': [0x03, str('text')],
        'Response Topic': [0x08, str('reply')],
        'Correlation Data': [0x09, str('data')],
        'Topic Alias': [0x23, u16(1)],
      };
      return t.each(once, async (property) => {
        const publisher = await t.connect();
        publisher.send(rawPublish(5, 0x30, t.topic(), ...property, ...property));
        await publisher.expectClosed({ codes: malformedCodes });
      });
    },
  }),
];
