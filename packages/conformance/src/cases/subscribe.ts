import { bytes, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { subscribe } from '../compose.ts';
import { malformedCodes } from './codes.ts';
import { replaceCases } from './subscribe-again.ts';
import { noLocalCases } from './subscribe-no-local.ts';

const packetCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'subscribe-has-a-filter',
    ids: { v5: ['MQTT-3.8.3-2'], v311: ['MQTT-3.8.3-3'] },
    versions: [4, 5],
    async run(t) {
      const properties = t.version === 5 ? '00' : '';
      // No filter at all, and one without its options.
      for (const payload of [bytes(), str(t.topic()), bytes(str(t.topic('a')), 0, str('b'))]) {
        const client = await t.connect();
        client.send(rawPacket(0x82, u16(1), properties, payload));
        await client.expectClosed({ codes: malformedCodes });
      }
    },
  }),
  defineCase({
    name: 'subscribe-reserved-option-bits-are-0',
    ids: { v5: ['MQTT-3.8.3-5'], v311: ['MQTT-3.8.3-4'] },
    versions: [4, 5],
    async run(t) {
      const wrong = t.version === 5 ? [0x40, 0x80, 0xc1] : [0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
      const properties = t.version === 5 ? '00' : '';
      for (const options of wrong) {
        const client = await t.connect();
        client.send(rawPacket(0x82, u16(1), properties, str(t.topic()), options));
        await client.expectClosed({ codes: malformedCodes });
      }
    },
  }),
  defineCase({
    name: 'subscribe-qos-3-and-retain-handling-3-are-errors',
    ids: { v5: ['MQTT-4.13.1-1'], v311: ['MQTT-3.8.3-4'] },
    versions: [4, 5],
    async run(t) {
      const properties = t.version === 5 ? '00' : '';
      for (const options of t.version === 5 ? [0x03, 0x30] : [0x03]) {
        const client = await t.connect();
        client.send(rawPacket(0x82, u16(1), properties, str(t.topic()), options));
        await client.expectClosed({ codes: malformedCodes });
      }
    },
  }),
];

const subackCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'suback-repeats-the-packet-identifier',
    ids: {
      v5: ['MQTT-3.8.4-1', 'MQTT-3.8.4-2'],
      v311: ['MQTT-3.8.4-1', 'MQTT-3.8.4-2', 'MQTT-2.3.1-7'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      const ids = [1, 255, 256, 32_768, 65_535, 2];
      for (const packetId of ids) {
        client.send(subscribe(packetId, [t.topic(`${packetId}`)]));
        await client.expect('suback', { packetId, reasonCodes: [0] });
      }
      // All in one write: each has its own answer.
      client.send(...ids.map((packetId) => subscribe(packetId, [t.topic('all')])));
      const answered: number[] = [];
      for (const _ of ids) answered.push((await client.expect('suback')).packetId);
      t.check('MQTT-3.8.4-1', answered.length === ids.length, 'a SUBSCRIBE was not answered');
      const same =
        new Set(answered).size === ids.length && ids.every((id) => answered.includes(id));
      t.check('MQTT-3.8.4-2', same, `SUBACKs came for ${answered.join(', ')}`);
    },
  }),
  defineCase({
    name: 'suback-has-a-code-for-each-filter-in-order',
    ids: {
      v5: ['MQTT-3.8.4-5', 'MQTT-3.8.4-6', 'MQTT-3.8.4-7', 'MQTT-3.9.3-1', 'MQTT-3.9.3-2'],
      v311: ['MQTT-3.8.4-4', 'MQTT-3.8.4-5', 'MQTT-3.9.3-1', 'MQTT-3.9.3-2'],
    },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const client = await t.connect();
      const asked = [2, 0, 1, 1, 0, 2] as const;
      const granted = await client.subscribe(
        ...asked.map((qos, index) => ({ filter: t.topic(`${index}`), qos })),
      );
      t.check(
        { v5: 'MQTT-3.8.4-6', v311: 'MQTT-3.8.4-5' },
        granted.length === asked.length,
        `${granted.length} codes for ${asked.length} filters`,
      );
      // A broker may grant less than it is asked for.
      const fits = granted.every((code, index) => code <= (asked[index] as number));
      t.check('MQTT-3.9.3-1', fits, `codes ${granted.join(', ')} for QoS ${asked.join(', ')}`);
      await client.publish(t.topic('3'), 'x', { qos: 1 });
      await client.expectMessage({ topic: t.topic('3'), payload: 'x' });
    },
  }),
  defineCase({
    name: 'suback-refuses-one-filter-and-grants-the-others',
    ids: {
      v5: ['MQTT-3.8.4-1', 'MQTT-3.8.4-5', 'MQTT-3.8.4-7', 'MQTT-3.9.3-1', 'MQTT-3.9.3-2'],
      v311: ['MQTT-3.8.4-4', 'MQTT-3.8.4-5', 'MQTT-3.9.3-1', 'MQTT-3.9.3-2'],
    },
    versions: [4, 5],
    needs: ['refused-topic'],
    async run(t) {
      const client = await t.connect();
      const refused = `${t.target.refusedTopic}/x`;
      const qos = t.qosFrom(0)[1] ?? 0;
      const codes = await client.subscribe(
        { filter: t.topic('a'), qos },
        { filter: refused, qos },
        { filter: t.topic('b'), qos: 0 },
      );
      if (codes[1] !== undefined && codes[1] < 0x80) {
        t.excuse('the broker grants subscriptions that it sends nothing for');
      }
      t.check('MQTT-3.9.3-2', t.version === 5 || codes[1] === 0x80, `code ${codes[1]} in 3.1.1`);
      t.check('MQTT-3.9.3-1', codes[0] === qos && codes[2] === 0, `codes ${codes.join(', ')}`);
      for (const name of ['a', 'b']) {
        await client.publish(t.topic(name), name);
        await client.expectMessage({ payload: name });
      }
      const alone = await client.subscribe({ filter: refused, qos: 2 });
      t.check(
        { v5: 'MQTT-3.8.4-7', v311: 'MQTT-3.8.4-5' },
        alone.length === 1 && (alone[0] as number) >= 0x80,
        `codes ${alone.join(', ')} for a filter that is refused`,
      );
    },
  }),
  defineCase({
    name: 'suback-refuses-a-wrong-filter-or-the-connection-ends',
    ids: { v5: ['MQTT-3.8.4-5', 'MQTT-3.9.3-2'], v311: ['MQTT-3.8.4-4', 'MQTT-3.9.3-2'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(
        subscribe(1, [t.topic('a'), `${t.topic()}/#/b`, `${t.topic()}/b+`, t.topic('c')]),
      );
      const answer = await client.receive();
      if (answer === undefined || answer.type !== 9)
        return t.excuse('the broker ends the connection');
      const { reasonCodes } = answer;
      const wanted = [0, undefined, undefined, 0];
      const fits = wanted.every((code, index) => {
        const got = reasonCodes[index] as number;
        return code === undefined ? got >= 0x80 : got === code;
      });
      t.check('MQTT-3.9.3-2', fits && reasonCodes.length === 4, `codes ${reasonCodes.join(', ')}`);
      await client.publish(t.topic('c'), 'c');
      await client.expectMessage({ payload: 'c' });
    },
  }),
  defineCase({
    name: 'suback-fits-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.9.2-1', 'MQTT-3.9.2-2', 'MQTT-3.1.2-24'] },
    versions: [5],
    async run(t) {
      const probe = await t.connect();
      // As little as the CONNACK leaves: there is no room for much of a reason.
      const maximumPacketSize = Math.max(24, probe.bytesOf(probe.connack as never).length);
      const client = await t.connect({ properties: { maximumPacketSize } });
      const refused = t.target.refusedTopic ?? '$share/g/';
      client.send(subscribe(1, [`${refused}/x`, t.topic('a'), t.topic('b')]));
      const answer = await client.receiveBytes();
      t.check(
        'MQTT-3.9.2-1',
        answer.length <= maximumPacketSize,
        `a packet of ${answer.length} bytes, ${maximumPacketSize} is the limit`,
      );
    },
  }),
];

const deliveryCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'delivery-has-the-lower-qos-of-message-and-subscription',
    ids: { v5: ['MQTT-3.8.4-8'], v311: ['MQTT-3.8.4-6'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const subscriber = await t.connect();
      const publisher = await t.connect();
      const levels = [0, 1, 2] as const;
      const granted = await subscriber.subscribe(
        ...levels.map((qos) => ({ filter: t.topic(`granted-${qos}`), qos })),
      );
      for (const subscribed of levels) {
        for (const published of levels) {
          const topic = t.topic(`granted-${subscribed}`);
          await publisher.publish(topic, `${published}`, { qos: published });
          const qos = Math.min(published, granted[subscribed] as number);
          await subscriber.expectMessage({
            topic,
            payload: `${published}`,
            qos: (is) => is === qos,
          });
        }
      }
    },
  }),
];

/** Sections 3.8 and 3.9. */
export const subscribeCases: readonly ConformanceCase[] = [
  ...packetCases,
  ...subackCases,
  ...deliveryCases,
  ...replaceCases,
  ...noLocalCases,
];
