import { type ConformanceCase, defineCase } from '../case.ts';
import { pingreq } from '../compose.ts';
import { protocolErrorCodes } from './codes.ts';

/** PINGREQ and PINGRESP: section 3.12 of both standards. */
export const pingCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'pingreq-is-answered',
    ids: { v5: ['MQTT-3.12.4-1'], v311: ['MQTT-3.12.4-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(pingreq, pingreq);
      await client.expect('pingresp');
      await client.expect('pingresp');
    },
  }),

  defineCase({
    name: 'pingreq-is-answered-while-messages-wait',
    ids: { v5: ['MQTT-3.12.4-1'], v311: ['MQTT-3.12.4-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const properties = t.version === 5 ? { receiveMaximum: 1 } : {};
      const client = await t.connect({ properties });
      const publisher = await t.connect();
      await client.subscribe({ filter: t.topic(), qos: 1 });
      for (const payload of ['1', '2']) await publisher.publish(t.topic(), payload, { qos: 1 });
      await client.find('publish', { payload: '1' });
      // The first message is not acknowledged; in 5.0 nothing else may be sent but answers.
      client.send(pingreq);
      await client.find('pingresp');
    },
  }),

  defineCase({
    name: 'pingreq-with-a-body-closes',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-4.8.0-1'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.connect();
      client.send('c0 01 00');
      await client.expectClosed({ codes: protocolErrorCodes });
    },
  }),
];
