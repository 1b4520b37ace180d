import { bytes, rawPacket } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { auth, connect, disconnect, pingreq, publish, subscribe } from '../compose.ts';
import { protocolErrorCodes } from './codes.ts';
import { disconnectExpiryCases } from './disconnect-expiry.ts';

const clean: readonly ConformanceCase[] = [
  defineCase({
    name: 'disconnect-discards-the-will',
    ids: { v5: ['MQTT-3.14.4-3', 'MQTT-3.1.2-10'], v311: ['MQTT-3.14.4-3', 'MQTT-3.1.2-10'] },
    versions: [3, 4, 5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      // In both forms that say 0x00.
      for (const form of t.version === 5 ? ['e000', 'e001 00', 'e002 00 00'] : ['e000']) {
        const client = await t.connect({ will: { topic: t.topic(), payload: 'will' } });
        client.send(form);
        await client.expectClosed({ codes: [] });
      }
      await watcher.expectNothing();
    },
  }),
  defineCase({
    name: 'disconnect-with-another-reason-keeps-the-will',
    ids: { v5: ['MQTT-3.1.2-8'] },
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      for (const reason of [0x04, 0x80, 0x81, 0x82, 0x83, 0x93, 0x97, 0x98]) {
        const payload = `will ${reason}`;
        const client = await t.connect({ will: { topic: t.topic(), payload } });
        client.send(disconnect(reason));
        await client.expectClosed({ codes: [] });
        await t.about('MQTT-3.1.2-8', () => watcher.expectMessage({ payload }));
      }
    },
  }),
  defineCase({
    name: 'disconnect-is-answered-by-the-end-of-the-connection',
    ids: {
      v5: ['MQTT-3.14.4-1', 'MQTT-3.14.4-2'],
      v311: ['MQTT-3.14.4-1', 'MQTT-3.14.4-2'],
    },
    versions: [3, 4, 5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      const client = await t.connect();
      // The client leaves closing to the broker, and goes on talking.
      const late = publish({ topic: t.topic(), payload: 'late' });
      client.send(disconnect(), late, pingreq);
      await t.about('MQTT-3.14.4-2', () => client.expectClosed({ codes: [] }));
      t.check(
        'MQTT-3.14.4-1',
        (await watcher.receive(300)) === undefined,
        'a PUBLISH behind DISCONNECT was taken',
      );
    },
  }),
  defineCase({
    name: 'publish-before-disconnect-counts',
    ids: { v5: ['MQTT-3.14.4-3'], v311: ['MQTT-3.14.4-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      const will = { topic: t.topic(), payload: 'will' };
      const client = await t.connect({ will });
      client.send(publish({ topic: t.topic(), payload: 'last words' }), disconnect());
      await watcher.expectMessage({ payload: 'last words' });
      await watcher.expectNothing();
    },
  }),
];

const wrong: readonly ConformanceCase[] = [
  defineCase({
    name: 'disconnect-with-wrong-flags-is-not-clean',
    ids: { v5: ['MQTT-3.14.1-1'], v311: ['MQTT-3.14.1-1'] },
    versions: [4, 5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      for (const first of ['e1', 'e2', 'e8']) {
        const client = await t.connect({ will: { topic: t.topic(), payload: first } });
        client.send(bytes(first, '00'));
        await client.expectClosed({ codes: protocolErrorCodes });
        await watcher.expectMessage({ payload: first });
      }
    },
  }),
  defineCase({
    name: 'disconnect-with-an-unknown-reason-is-not-clean',
    ids: { v5: ['MQTT-3.14.2-1', 'MQTT-3.1.2-8'] },
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      for (const reason of [0x01, 0x05, 0x18, 0x84, 0xa3, 0xff]) {
        const payload = `will ${reason}`;
        const client = await t.connect({ will: { topic: t.topic(), payload } });
        client.send(rawPacket(0xe0, reason));
        await client.expectClosed({ codes: protocolErrorCodes, id: 'MQTT-3.14.2-1' });
        await t.about('MQTT-3.1.2-8', () => watcher.expectMessage({ payload }));
      }
    },
  }),
  defineCase({
    name: 'disconnect-with-wrong-properties-is-not-clean',
    ids: { v5: ['MQTT-4.13.1-1'] },
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      // Of another packet, twice, and cut off.
      for (const properties of ['022300', '0a1100000001110000000a', '041100']) {
        const will = { topic: t.topic(), payload: properties };
        const client = await t.connect({ will, keep: true });
        client.send(rawPacket(0xe0, '00', properties));
        await client.expectClosed({ codes: protocolErrorCodes });
        await watcher.expectMessage({ payload: properties });
      }
    },
  }),
];

/** What brings a client a DISCONNECT of the broker, or the end without one. */
const provocations: readonly Uint8Array[] = [
  bytes('f0 00'), // AUTH without a method
  bytes('81 00'), // SUBSCRIBE with wrong flags
  rawPacket(0x82, '0001', '00'), // no filter
  rawPacket(0x30, '0000', '00', 'aa'), // no topic
  rawPacket(0x20, '00 00 00'), // a packet of servers
];

const ofBroker: readonly ConformanceCase[] = [
  defineCase({
    name: 'no-disconnect-before-connack',
    ids: { v5: ['MQTT-3.14.0-1'] },
    versions: [5],
    async run(t) {
      const good = connect(5, t.withCredentials({ clientId: t.clientId('x') }));
      const whole = (await t.open()).encode(good);
      const firsts = [
        bytes('c0 00'),
        bytes('e0 00'),
        bytes('f0 00'),
        (await t.open()).encode(publish({ topic: t.topic() })),
        (await t.open()).encode(subscribe(1, [t.topic()])),
        // Wrong flags, a name of another protocol, a packet that ends too soon.
        bytes(0x11, whole.subarray(1)),
        bytes(whole.subarray(0, 4), '5858 5858', whole.subarray(8)),
        bytes(0x10, 5, whole.subarray(2, 7)),
      ];
      for (const first of firsts) {
        const client = await t.open();
        client.send(first);
        await client.expectClosed({ id: 'MQTT-3.14.0-1' });
      }
    },
  }),
  defineCase({
    name: 'no-disconnect-before-connack-with-an-unknown-method',
    ids: { v5: ['MQTT-3.14.0-1', 'MQTT-4.12.0-1'] },
    versions: [5],
    async run(t) {
      const client = await t.open();
      const properties = { authenticationMethod: 'X-UNKNOWN-METHOD' };
      client.send(connect(5, { clientId: client.clientId, properties }));
      await client.expectClosed({ codes: [0x8c, 0x87], id: 'MQTT-4.12.0-1' });
    },
  }),
  defineCase({
    name: 'disconnect-of-the-broker-is-the-end',
    ids: {
      v5: ['MQTT-3.14.2-1', 'MQTT-3.14.2-2', 'MQTT-3.14.4-1', 'MQTT-3.14.4-2', 'MQTT-4.13.2-1'],
    },
    versions: [5],
    async run(t) {
      for (const provocation of provocations) {
        const client = await t.connect({ keep: true });
        // Nothing of what follows is answered.
        client.send(provocation, pingreq, subscribe(7, [t.topic()]));
        const reason = await client.expectClosed();
        t.check(
          'MQTT-3.14.2-2',
          reason?.properties.sessionExpiryInterval === undefined,
          'the DISCONNECT of the broker has a Session Expiry Interval',
        );
      }
    },
  }),
  defineCase({
    name: 'disconnect-fits-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.14.2-3', 'MQTT-3.14.2-4', 'MQTT-3.1.2-24'] },
    versions: [5],
    async run(t) {
      const probe = await t.connect();
      const maximumPacketSize = Math.max(16, probe.bytesOf(probe.connack as never).length);
      for (const provocation of provocations) {
        const client = await t.connect({ properties: { maximumPacketSize } });
        client.send(provocation);
        const reason = await client.expectClosed();
        const size = reason === undefined ? 0 : client.bytesOf(reason).length;
        t.check(
          'MQTT-3.14.2-3',
          size <= maximumPacketSize,
          `a DISCONNECT of ${size} bytes, ${maximumPacketSize} is the limit`,
        );
      }
    },
  }),
  defineCase({
    name: 'no-disconnect-to-clients-of-3-x',
    ids: { v311: ['MQTT-4.8.0-1'] },
    versions: [3, 4],
    async run(t) {
      for (const wrongPacket of ['f0 00', '00 00', '20 02 00 00']) {
        const client = await t.connect();
        client.send(wrongPacket);
        await client.expectClosed();
      }
    },
  }),
  defineCase({
    name: 'auth-without-a-method-is-an-error',
    ids: { v5: ['MQTT-4.12.0-7', 'MQTT-4.12.0-6', 'MQTT-3.15.1-1', 'MQTT-3.15.2-1'] },
    versions: [5],
    async run(t) {
      const properties = { authenticationMethod: 'SCRAM-SHA-256' };
      for (const packet of [auth(0x18, properties), auth(0x19, properties), bytes('f1 00')]) {
        const client = await t.connect();
        const method = client.connack?.properties.authenticationMethod;
        t.check('MQTT-4.12.0-6', method === undefined, 'CONNACK has a method nobody asked for');
        client.send(packet);
        await client.expectClosed({ codes: [...protocolErrorCodes, 0x8c], id: 'MQTT-4.12.0-7' });
      }
    },
  }),
];

/** Section 3.14. */
export const disconnectCases: readonly ConformanceCase[] = [
  ...clean,
  ...wrong,
  ...ofBroker,
  ...disconnectExpiryCases,
];
