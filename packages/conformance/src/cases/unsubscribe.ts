import { bytes, rawPacket, str, u16 } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { acknowledgement, unsubscribe } from '../compose.ts';
import { malformedCodes } from './codes.ts';

const removes = { v5: ['MQTT-3.10.4-1'], v311: ['MQTT-3.10.4-1'] };

/** Sections 3.10 and 3.11. */
export const unsubscribeCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'unsubscribe-has-a-filter',
    ids: { v5: ['MQTT-3.10.3-2'], v311: ['MQTT-3.10.3-2'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(rawPacket(0xa2, u16(1), t.version === 5 ? '00' : ''));
      await client.expectClosed({ codes: malformedCodes });
    },
  }),
  defineCase({
    name: 'unsubscribe-filters-are-packed-without-gaps',
    ids: { v5: ['MQTT-3.10.3-1'], v311: ['MQTT-3.10.3-1'] },
    versions: [4, 5],
    async run(t) {
      const properties = t.version === 5 ? '00' : '';
      // A byte too many, a string that is cut off, and one that is no UTF-8.
      for (const wrong of [bytes(str('a'), 0), bytes('0005', 'aaaa'), str(bytes('61ff'))]) {
        const client = await t.connect();
        client.send(rawPacket(0xa2, u16(1), properties, str(t.topic()), wrong));
        await client.expectClosed({ codes: malformedCodes });
      }
    },
  }),
  defineCase({
    name: 'unsubscribe-removes-the-filter-that-is-equal',
    ids: removes,
    versions: [3, 4, 5],
    needs: ['wildcards'],
    async run(t) {
      const client = await t.connect();
      await client.subscribe(t.topic('a/b'));
      const others = ['a/+', 'a/#', 'A/b', 'a/b/', 'a', 'a/b ', 'a//b'];
      const codes = await client.unsubscribe(...others.map((name) => t.topic(name)));
      await client.publish(t.topic('a/b'), 'still');
      await client.expectMessage({ payload: 'still' });
      const none = codes.every((code) => code === 0x11);
      t.check('MQTT-3.10.4-1', t.version < 5 || none, `codes ${codes.join(', ')}`);
      const [code] = await client.unsubscribe(t.topic('a/b'));
      t.check('MQTT-3.10.4-1', t.version < 5 || code === 0, `code ${code}`);
      await client.publish(t.topic('a/b'), 'gone');
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'unsubscribe-with-wildcards-leaves-others-alone',
    ids: removes,
    versions: [3, 4, 5],
    needs: ['wildcards'],
    async run(t) {
      const client = await t.connect();
      await client.subscribe(t.topic('+'), t.topic('#'), t.topic('a'));
      await client.unsubscribe(t.topic('#'), t.topic('+'));
      await client.publish(t.topic('a'), 'a');
      await client.publish(t.topic('b'), 'b');
      await client.expectMessage({ payload: 'a' });
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'unsubscribe-takes-a-shared-filter-as-a-whole',
    ids: { v5: ['MQTT-3.10.4-1'] },
    versions: [5],
    needs: ['shared'],
    async run(t) {
      const client = await t.connect();
      const publisher = await t.connect();
      const shared = `$share/${t.clientId('g')}/${t.topic()}`;
      await client.subscribe(shared);
      const codes = await client.unsubscribe(t.topic(), `$share/other/${t.topic()}`);
      const none = codes.every((code) => code === 0x11);
      t.check('MQTT-3.10.4-1', none, `codes ${codes.join(', ')}`);
      await publisher.publish(t.topic(), 'x');
      await client.expectMessage({ payload: 'x' });
      await client.unsubscribe(shared);
      await publisher.publish(t.topic(), 'y');
      await client.expectNothing();
    },
  }),
  defineCase({
    name: 'unsubscribe-stops-new-messages',
    ids: { v5: ['MQTT-3.10.4-2'], v311: ['MQTT-3.10.4-2'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const clientId = t.clientId('u');
      const client = await t.connect({ clientId, keep: true });
      const publisher = await t.connect();
      await client.subscribe({ filter: t.topic(), qos: 2 });
      await client.unsubscribe(t.topic());
      for (const qos of [0, 1, 2] as const) await publisher.publish(t.topic(), 'late', { qos });
      await client.expectNothing();
      await client.disconnect();
      await publisher.publish(t.topic(), 'offline', { qos: 1 });
      const again = await t.connect({ clientId, keep: true });
      await again.expectNothing();
    },
  }),
  defineCase({
    name: 'unsubscribe-lets-a-delivery-of-qos-1-finish',
    ids: { v5: ['MQTT-3.10.4-3'], v311: ['MQTT-3.10.4-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const clientId = t.clientId('u');
      const client = await t.connect({ clientId, keep: true });
      const publisher = await t.connect();
      await client.subscribe({ filter: t.topic(), qos: 1 });
      await publisher.publish(t.topic(), 'begun', { qos: 1 });
      const { packetId } = await client.expect('publish', { payload: 'begun' });
      await client.unsubscribe(t.topic());
      client.drop();
      const again = await t.connect({ clientId, keep: true });
      await again.expectMessage({ payload: 'begun', packetId, dup: true });
      await again.ping();
    },
  }),
  defineCase({
    name: 'unsubscribe-lets-a-delivery-of-qos-2-finish',
    ids: { v5: ['MQTT-3.10.4-3'], v311: ['MQTT-3.10.4-3'] },
    versions: [3, 4, 5],
    needs: ['qos2'],
    async run(t) {
      const client = await t.connect();
      const publisher = await t.connect();
      await client.subscribe({ filter: t.topic(), qos: 2 });
      await publisher.publish(t.topic(), 'begun', { qos: 2 });
      const { packetId } = await client.expect('publish', { payload: 'begun', qos: 2 });
      await client.unsubscribe(t.topic());
      client.send(acknowledgement('pubrec', packetId));
      await client.expect('pubrel', { packetId, reasonCode: 0 });
      client.send(acknowledgement('pubcomp', packetId));
      await client.ping();
    },
  }),
  defineCase({
    name: 'unsuback-repeats-the-packet-identifier',
    ids: {
      v5: ['MQTT-3.10.4-4', 'MQTT-3.10.4-5'],
      v311: ['MQTT-3.10.4-4', 'MQTT-3.10.4-5', 'MQTT-2.3.1-7'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      await client.subscribe(t.topic());
      for (const packetId of [3, 65_535, 256]) {
        client.send(unsubscribe(packetId, [t.topic()]));
        // After the first one there is nothing left to remove.
        await client.expect('unsuback', { packetId });
      }
    },
  }),
  defineCase({
    name: 'unsuback-has-a-code-for-each-filter-in-order',
    ids: {
      v5: ['MQTT-3.10.4-6', 'MQTT-3.11.3-1', 'MQTT-3.11.3-2'],
      v311: ['MQTT-3.10.4-6'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      const names = ['a', 'b', 'c', 'd', 'a'];
      await client.subscribe(t.topic('a'), t.topic('c'));
      client.send(
        unsubscribe(
          9,
          names.map((name) => t.topic(name)),
        ),
      );
      const { reasonCodes } = await client.expect('unsuback', { packetId: 9 });
      await client.ping();
      for (const name of names) await client.publish(t.topic(name), 'gone');
      await client.expectNothing();
      if (t.version < 5) return;
      t.check('MQTT-3.11.3-2', reasonCodes.length === 5, `${reasonCodes.length} codes`);
      const wanted = [0x00, 0x11, 0x00, 0x11, 0x11];
      const same = wanted.every((code, index) => reasonCodes[index] === code);
      t.check('MQTT-3.11.3-1', same, `codes ${reasonCodes.join(', ')}`);
    },
  }),
  defineCase({
    name: 'unsuback-fits-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.11.2-1', 'MQTT-3.11.2-2', 'MQTT-3.1.2-24'] },
    versions: [5],
    async run(t) {
      const probe = await t.connect();
      const maximumPacketSize = Math.max(24, probe.bytesOf(probe.connack as never).length);
      const client = await t.connect({ properties: { maximumPacketSize } });
      client.send(unsubscribe(1, [t.topic('a'), t.topic('b')]));
      const answer = await client.receiveBytes();
      t.check(
        'MQTT-3.11.2-1',
        answer.length <= maximumPacketSize,
        `a packet of ${answer.length} bytes, ${maximumPacketSize} is the limit`,
      );
    },
  }),
];
