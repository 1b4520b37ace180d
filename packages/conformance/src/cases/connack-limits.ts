import { ReasonCode, type SubscribeProperties } from '@sluice/packet';
import { type ConformanceCase, defineCase } from '../case.ts';
import { publish, subscribe } from '../compose.ts';
import type { Capability } from '../target.ts';

interface Unavailable {
  readonly name: string;
  readonly need: Capability;
  readonly filter: string;
  readonly code: number;
  readonly properties?: SubscribeProperties;
  /** Where 3.1.1 knows it too. */
  readonly v311?: string;
}

/** What CONNACK can announce as unavailable, and a SUBSCRIBE that asks for it. */
const unavailable: readonly Unavailable[] = [
  {
    name: 'wildcard',
    need: 'no-wildcards',
    filter: '+',
    code: ReasonCode.wildcardSubscriptionsNotSupported,
    v311: 'MQTT-3.8.3-2',
  },
  {
    name: 'subscription-identifier',
    need: 'no-subscription-identifiers',
    filter: 'topic',
    code: ReasonCode.subscriptionIdentifiersNotSupported,
    properties: { subscriptionIdentifier: 1 },
  },
];

/** What CONNACK announces as limited or unavailable, and what becomes of a client that asks for it: section 3.2.2.3. */
export const connackLimitCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'maximum-qos-is-announced-and-enforced',
    ids: { v5: ['MQTT-3.2.2-9', 'MQTT-3.2.2-10', 'MQTT-3.2.2-11'] },
    versions: [5],
    needs: ['limited-qos'],
    async run(t) {
      const client = await t.connect();
      const { maximumQos = 2 } = client.connack?.properties ?? {};
      const granted = await client.subscribe(
        { filter: t.topic('0'), qos: 0 },
        { filter: t.topic('1'), qos: 1 },
        { filter: t.topic('2'), qos: 2 },
      );
      const highest = Math.max(...granted);
      t.check('MQTT-3.2.2-10', highest <= maximumQos, `QoS ${highest} was granted`);
      client.send(publish({ topic: t.topic('2'), qos: 2, packetId: 9 }));
      await client.expectClosed({ codes: [ReasonCode.qosNotSupported], id: 'MQTT-3.2.2-11' });
    },
  }),

  defineCase({
    name: 'will-qos-above-the-maximum-is-refused',
    ids: { v5: ['MQTT-3.2.2-12'] },
    versions: [5],
    needs: ['limited-qos'],
    async run(t) {
      const client = await t.open();
      const will = { topic: t.topic(), qos: 2 } as const;
      const { reasonCode } = await client.connect(t.withCredentials({ will }));
      t.check('MQTT-3.2.2-12', reasonCode === ReasonCode.qosNotSupported, `CONNACK ${reasonCode}`);
      await client.expectClosed({ id: 'MQTT-3.2.2-12' });
    },
  }),

  defineCase({
    name: 'retain-is-refused-where-it-is-not-available',
    ids: { v5: ['MQTT-3.2.2-14'] },
    versions: [5],
    needs: ['no-retain'],
    async run(t) {
      const client = await t.connect();
      client.send(publish({ topic: t.topic(), payload: 'message', retain: true }));
      await client.expectClosed({ codes: [ReasonCode.retainNotSupported], id: 'MQTT-3.2.2-14' });
    },
  }),

  defineCase({
    name: 'retained-will-is-refused-where-it-is-not-available',
    ids: { v5: ['MQTT-3.2.2-13'] },
    versions: [5],
    needs: ['no-retain'],
    async run(t) {
      const client = await t.open();
      const will = { topic: t.topic(), retain: true };
      const { reasonCode } = await client.connect(t.withCredentials({ will }));
      t.check(
        'MQTT-3.2.2-13',
        reasonCode === ReasonCode.retainNotSupported,
        `CONNACK ${reasonCode}`,
      );
      await client.expectClosed({ id: 'MQTT-3.2.2-13' });
    },
  }),

  ...unavailable.map(({ name, need, filter, code, properties, v311 }) =>
    defineCase({
      name: `unavailable-${name}-is-refused`,
      ids: { v5: ['MQTT-4.13.1-1'], ...(v311 && { v311: [v311] }) },
      versions: v311 === undefined ? [5] : [4, 5],
      needs: [need],
      async run(t) {
        const client = await t.connect();
        client.send(subscribe(1, [t.topic(filter)], properties));
        if (t.version === 5) await client.expectClosed({ codes: [code] });
        else await client.expect('suback', { reasonCodes: [0x80] });
      },
    }),
  ),

  defineCase({
    name: 'unavailable-shared-subscription-is-refused',
    ids: { v5: ['MQTT-4.13.1-1'] },
    versions: [5],
    needs: ['no-shared'],
    async run(t) {
      const client = await t.connect();
      client.send(subscribe(1, [`$share/group/${t.topic()}`]));
      await client.expectClosed({ codes: [ReasonCode.sharedSubscriptionsNotSupported] });
    },
  }),
];
