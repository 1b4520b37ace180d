import { type ConnackPacket, ReasonCode } from '@sluice/packet';
import { str } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, publish, subscribe, unsubscribe } from '../compose.ts';
import { rawConnect } from '../raw-connect.ts';
import { malformedCodes } from './codes.ts';
import { connackLimitCases } from './connack-limits.ts';

/** CONNACK: section 3.2 of both standards. Session Present is in the cases about sessions. */
export const connackCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'connack-has-its-form',
    ids: {
      v5: ['MQTT-3.2.2-1', 'MQTT-3.2.2-2', 'MQTT-2.2.2-1', 'MQTT-4.12.0-6', 'MQTT-3.1.2-28'],
      v311: ['MQTT-3.2.2-1'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      const connack = client.connack as ConnackPacket;
      const [, , flags, code] = client.bytesOf(connack);
      t.check('MQTT-3.2.2-1', flags === 0 && code === 0, `flags ${flags} and code ${code}`);
      if (t.version !== 5) return;
      // The decoder has found a property length that fits.
      const { properties } = connack;
      t.check(
        'MQTT-4.12.0-6',
        properties.authenticationMethod === undefined,
        'an Authentication Method came that nobody asked for',
      );
      t.check(
        'MQTT-3.1.2-28',
        properties.responseInformation === undefined,
        'Response Information came that nobody asked for',
      );
    },
  }),

  defineCase({
    name: 'response-information-only-when-asked-for',
    ids: { v5: ['MQTT-3.1.2-28'] },
    versions: [5],
    async run(t) {
      const client = await t.connect({ properties: { requestResponseInformation: 0 } });
      const { responseInformation } = client.connack?.properties ?? {};
      t.check('MQTT-3.1.2-28', responseInformation === undefined, 'Response Information came');
    },
  }),

  defineCase({
    name: 'no-problem-information-where-it-is-not-wanted',
    ids: { v5: ['MQTT-3.1.2-29', 'MQTT-3.3.2-17'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const topic = t.topic();
      const client = await t.connect({ properties: { requestProblemInformation: 0 } });
      const userProperties = [['of', 'PUBLISH']] as const;
      client.send(
        subscribe(1, [{ filter: topic, qos: 1 }, `${t.target.refusedTopic ?? topic}/x`]),
        unsubscribe(2, [t.topic('never subscribed')]),
        publish({ topic, qos: 1, packetId: 3, properties: { userProperties } }),
        publish({ topic: `${t.target.refusedTopic ?? topic}/x`, qos: 1, packetId: 4 }),
        publish({ topic: `${t.target.refusedTopic ?? topic}/x`, qos: 2, packetId: 5 }),
        acknowledgement('pubrel', 6),
        acknowledgement('pubrec', 7),
      );
      const quiet = { properties: { reasonString: undefined, userProperties: undefined } };
      await t.about('MQTT-3.1.2-29', async () => {
        await client.find('suback', quiet);
        await client.find('unsuback', quiet);
        await client.find('puback', { packetId: 3, ...quiet });
        await client.find('puback', { packetId: 4, ...quiet });
        await client.find('pubrec', { packetId: 5, ...quiet });
        await client.find('pubcomp', { packetId: 6, ...quiet });
        await client.find('pubrel', { packetId: 7, ...quiet });
      });
      await t.about('MQTT-3.3.2-17', () =>
        client.find('publish', { properties: { userProperties } }),
      );
    },
  }),

  defineCase({
    name: 'exchange-of-a-session-that-is-gone-is-not-found',
    ids: { v5: ['MQTT-3.2.2-5'] },
    versions: [5],
    needs: ['qos2'],
    async run(t) {
      const client = await t.connect({ keep: true });
      client.send(publish({ topic: t.topic(), qos: 2, packetId: 1 }));
      await client.expect('pubrec', { packetId: 1 });
      client.drop();
      // The client keeps its half of an exchange that the server has forgotten.
      const { clientId } = client;
      const fresh = await t.connect({ clientId, clean: true });
      fresh.send(acknowledgement('pubrel', 1));
      await fresh.expect('pubcomp', {
        packetId: 1,
        reasonCode: (code) => code === 0 || code === ReasonCode.packetIdentifierNotFound,
      });
      fresh.send(publish({ topic: t.topic(), qos: 2, packetId: 1 }));
      await fresh.expect('pubrec', { packetId: 1 });
    },
  }),

  defineCase({
    name: 'no-connack-before-connect-and-no-second-one',
    ids: { v5: ['MQTT-3.2.0-1', 'MQTT-3.2.0-2'], v311: ['MQTT-3.2.0-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.open();
      await client.expectNothing();
      await client.connect(t.withCredentials());
      await client.ping();
      await client.expectNothing();
    },
  }),

  defineCase({
    name: 'refusal-has-a-listed-code-and-closes',
    ids: {
      v5: ['MQTT-3.2.2-6', 'MQTT-3.2.2-7', 'MQTT-3.2.2-8', 'MQTT-4.13.2-1', 'MQTT-3.14.0-1'],
    },
    versions: [5],
    async run(t) {
      const client = await t.open();
      client.send(rawConnect(5, { flags: 0x03, payload: [str(client.clientId)] }));
      // The decoder has checked that the code is one of CONNACK, and that Session Present is 0.
      await client.expectClosed({ codes: malformedCodes });
    },
  }),

  defineCase({
    name: 'wrong-properties-of-connect-are-refused',
    ids: { v5: ['MQTT-3.1.4-1', 'MQTT-4.13.1-1'] },
    versions: [5],
    run: (t) =>
      t.each(
        {
          'a property twice': '0a 11 00 00 00 01 11 00 00 00 01',
          'Receive Maximum 0': '03 21 00 00',
          'Maximum Packet Size 0': '05 27 00 00 00 00',
          'Request Problem Information 2': '02 17 02',
          'Request Response Information 2': '02 19 02',
          'an unknown property': '02 7f 00',
          'a property of PUBLISH': '02 01 00',
          'Authentication Data without a method': '04 16 00 01 61',
          'a property cut short': '02 21 00',
        },
        async (properties) => {
          const client = await t.open();
          client.send(rawConnect(5, { properties, payload: [str(client.clientId)] }));
          await client.expectClosed({ codes: malformedCodes });
        },
      ),
  }),

  defineCase({
    name: 'limits-in-connack-are-legal',
    ids: { v5: ['MQTT-3.2.2-9'] },
    versions: [5],
    async run(t) {
      const { connack } = await t.connect();
      const { maximumQos = 0, receiveMaximum, maximumPacketSize } = connack?.properties ?? {};
      t.check('MQTT-3.2.2-9', maximumQos < 2, 'Maximum QoS is above 1');
      t.check('MQTT-3.2.2-9', receiveMaximum !== 0 && maximumPacketSize !== 0, 'a limit is 0');
    },
  }),

  defineCase({
    name: 'refusal-keeps-to-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.2.2-19', 'MQTT-3.2.2-20', 'MQTT-3.1.2-24'] },
    versions: [5],
    needs: ['refused-user'],
    async run(t) {
      const client = await t.open();
      const { refusedUser = '' } = t.target;
      const maximumPacketSize = 20;
      client.send(
        rawConnect(5, {
          flags: 0x82,
          properties: `05 27 00 00 00 ${maximumPacketSize.toString(16)}`,
          payload: [str(client.clientId), str(refusedUser)],
        }),
      );
      for (const packet of await client.bytesUntilClosed()) {
        t.check('MQTT-3.2.2-19', packet.length <= maximumPacketSize, `${packet.length} bytes came`);
      }
    },
  }),

  ...connackLimitCases,
];
