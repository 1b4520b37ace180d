import { ReasonCode } from '@sluice/packet';
import { bytes, props, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { connect, publish } from '../compose.ts';
import { rawConnect } from '../raw-connect.ts';
import { malformedCodes } from './codes.ts';

/** What a server does about a CONNECT: section 3.1.4 of both standards. */
export const connectActionCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'wrong-connect-leaves-the-client-alone',
    ids: { v5: ['MQTT-3.1.4-1'], v311: ['MQTT-3.1.4-1'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.connect();
      const stranger = await t.open(client.clientId);
      stranger.send(rawConnect(t.version, { flags: 0x03, payload: [str(client.clientId)] }));
      await stranger.expectClosed({ codes: malformedCodes });
      await client.ping();
    },
  }),

  defineCase({
    name: 'refused-user-leaves-the-client-alone',
    ids: {
      v5: ['MQTT-3.1.4-2', 'MQTT-3.2.2-6', 'MQTT-3.2.2-7', 'MQTT-4.13.2-1'],
      v311: ['MQTT-3.2.2-4', 'MQTT-3.2.2-5', 'MQTT-3.2.2-6'],
    },
    versions: [3, 4, 5],
    needs: ['refused-user'],
    async run(t) {
      const client = await t.connect({ keep: true });
      const stranger = await t.open(client.clientId);
      const { refusedUser = '' } = t.target;
      const connack = await stranger.connect({ userName: refusedUser, password: 'password' });
      const codes =
        t.version === 5 ? [ReasonCode.badUserNameOrPassword, ReasonCode.notAuthorized] : [4, 5];
      t.check(
        { v5: 'MQTT-3.1.4-2', v311: 'MQTT-3.2.2-6' },
        codes.some((code) => code === connack.reasonCode),
        `CONNACK ${connack.reasonCode}`,
      );
      t.check(
        { v5: 'MQTT-3.2.2-6', v311: 'MQTT-3.2.2-4' },
        !connack.sessionPresent,
        'Session Present is 1 in a refusal',
      );
      await stranger.expectClosed({ id: t.version === 5 ? 'MQTT-3.2.2-7' : 'MQTT-3.2.2-5' });
      await client.ping();
    },
  }),

  defineCase({
    name: 'clean-start-comes-after-the-takeover',
    ids: { v5: ['MQTT-3.1.4-4', 'MQTT-3.1.2-4'], v311: ['MQTT-3.1.4-3', 'MQTT-3.1.2-6'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const first = await t.connect({ keep: true });
      await first.subscribe({ filter: topic, qos: 1 });
      const second = await t.connect({ clientId: first.clientId, clean: true });
      const { sessionPresent } = second.connack ?? {};
      t.check(
        { v5: 'MQTT-3.1.4-4', v311: 'MQTT-3.1.4-3' },
        sessionPresent === false,
        'Session Present is 1 in spite of a clean start',
      );
      const publisher = await t.connect();
      await publisher.publish(topic, 'message', { qos: 1 });
      await second.expectNothing();
    },
  }),

  defineCase({
    name: 'connect-is-answered-first',
    ids: {
      v5: ['MQTT-3.1.4-5', 'MQTT-3.2.0-1', 'MQTT-3.2.0-2'],
      v311: ['MQTT-3.1.4-4', 'MQTT-3.2.0-1'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic();
      const first = await t.connect({ keep: true });
      await first.subscribe({ filter: topic, qos: 1 });
      first.drop();
      const publisher = await t.connect();
      await publisher.publish(topic, 'queued', { qos: 1 });
      // A message is waiting, and the client does not wait for the CONNACK.
      const { clientId } = first;
      const again = await t.open(clientId);
      again.send(
        connect(t.version, t.withCredentials({ clientId, keep: true })),
        publish({ topic, payload: 'early', qos: 1, packetId: 9 }),
        'c0 00',
      );
      await again.expect('connack', { reasonCode: 0 });
      await again.find('publish', { payload: 'queued' });
      await again.find('puback', { packetId: 9 });
      await again.find('pingresp');
    },
  }),

  defineCase({
    name: 'packets-behind-a-refused-connect-are-not-processed',
    ids: { v5: ['MQTT-3.1.4-6', 'MQTT-3.14.0-1'], v311: ['MQTT-3.1.4-5'] },
    versions: [4, 5],
    async run(t) {
      const topic = t.topic();
      const watcher = await t.connect();
      await watcher.subscribe(topic);
      const { refusedUser } = t.target;
      const ends = (flags: number, user: string) =>
        bytes(
          rawConnect(t.version, { flags, payload: [str(t.clientId()), user && str(user)] }),
          t.version === 5
            ? bytes(0x32, topic.length + 6, str(topic), u16(1), props(), 'ff')
            : bytes(0x32, topic.length + 5, str(topic), u16(1), 'ff'),
          'c0 00',
        );
      const refused = refusedUser === undefined ? {} : { 'a user': ends(0x82, refusedUser) };
      await t.each({ 'a reserved flag': ends(0x03, ''), ...refused }, async (content) => {
        const client = await t.open();
        client.send(content);
        await client.expectClosed({ returnCodes: [4, 5] });
      });
      await watcher.expectNothing();
    },
  }),
];
