import type { AuthPacket, AuthProperties } from '@sluice/packet';
import { bytes } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { auth, connect, disconnect, pingreq, publish, subscribe } from '../compose.ts';
import { ScramClient, scramMethod } from '../scram.ts';
import type { Trial } from '../trial.ts';
import { reauthenticationCases } from './auth-again.ts';
import { beginScram, challenged, scramClient } from './auth-steps.ts';
import { protocolErrorCodes } from './codes.ts';

const refusals = [...protocolErrorCodes, 0x83, 0x86, 0x87, 0x8c];

/** A client whose CONNECT was answered by a challenge. */
async function pending(t: Trial): Promise<{ client: Client; answer: AuthProperties }> {
  const client = await t.open();
  const scram = beginScram(t, client);
  const challenge = await challenged(client);
  return { client, answer: scram.answer(challenge.properties.authenticationData) };
}

const exchange: readonly ConformanceCase[] = [
  defineCase({
    name: 'auth-exchange-ends-with-connack',
    ids: {
      v5: ['MQTT-4.12.0-2', 'MQTT-4.12.0-3', 'MQTT-4.12.0-5', 'MQTT-3.15.1-1', 'MQTT-3.15.2-1'],
    },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await t.open();
      const scram = beginScram(t, client);
      const challenge: AuthPacket = await t.about('MQTT-4.12.0-2', () =>
        client.expect('auth', { reasonCode: 0x18 }),
      );
      const { authenticationMethod, authenticationData } = challenge.properties;
      t.check('MQTT-4.12.0-5', authenticationMethod === scramMethod, `${authenticationMethod}`);
      client.send(auth(0x18, scram.answer(authenticationData)));
      const { properties } = await client.expect('connack', { reasonCode: 0 });
      const method = properties.authenticationMethod;
      t.check('MQTT-4.12.0-5', method === scramMethod, `CONNACK has the method ${method}`);
      t.check(
        'MQTT-4.12.0-3',
        scram.accepts(properties.authenticationData),
        'the broker does not know the user',
      );
      await client.ping();
    },
  }),
  defineCase({
    name: 'auth-with-a-wrong-proof-is-refused',
    ids: { v5: ['MQTT-4.12.0-4', 'MQTT-4.13.2-1', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await t.open();
      const wrong = new ScramClient(t.target.authentication?.userName ?? '', 'not the password');
      client.send(connect(5, { clientId: client.clientId, properties: wrong.first }));
      const challenge = await challenged(client);
      client.send(
        auth(0x18, wrong.answer(challenge.properties.authenticationData)),
        publish({ topic: t.topic() }),
      );
      await client.expectClosed({ codes: refusals, id: 'MQTT-4.12.0-4' });
    },
  }),
  defineCase({
    name: 'auth-refused-leaves-the-connection-with-the-same-client-identifier',
    ids: { v5: ['MQTT-4.12.0-4'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const clientId = t.clientId('same');
      const first = await scramClient(t, clientId);
      const second = await t.open(clientId);
      beginScram(t, second);
      await challenged(second);
      await first.ping();
      second.send(auth(0x18, { authenticationMethod: scramMethod }));
      await second.expectClosed({ codes: refusals });
      await first.ping();
    },
  }),
  defineCase({
    name: 'auth-with-another-method-is-refused',
    ids: { v5: ['MQTT-4.12.0-5', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      for (const method of ['SCRAM-SHA-1', 'scram-sha-256', '']) {
        const { client, answer } = await pending(t);
        client.send(auth(0x18, { ...answer, authenticationMethod: method }));
        await client.expectClosed({ codes: refusals });
      }
      const { client } = await pending(t);
      // 0x18 without any property, and so without a method.
      client.send('f0 02 18 00');
      await client.expectClosed({ codes: refusals });
    },
  }),
  defineCase({
    name: 'auth-with-another-reason-code-is-refused',
    ids: { v5: ['MQTT-4.12.0-3', 'MQTT-3.15.2-1', 'MQTT-4.12.1-1', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      for (const reason of [0x00, 0x19, 0x01, 0x87]) {
        const { client, answer } = await pending(t);
        client.send(auth(reason, answer));
        await client.expectClosed({ codes: refusals });
      }
    },
  }),
  defineCase({
    name: 'auth-flags-are-0',
    ids: { v5: ['MQTT-3.15.1-1', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      for (const first of [0xf1, 0xf2, 0xf8]) {
        const { client, answer } = await pending(t);
        client.send(bytes(first, client.encode(auth(0x18, answer)).subarray(1)));
        await client.expectClosed({ codes: refusals });
      }
    },
  }),
  defineCase({
    name: 'only-auth-and-disconnect-during-authentication',
    ids: { v5: ['MQTT-3.1.2-30', 'MQTT-4.13.1-1', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      const wrong = [
        pingreq,
        publish({ topic: t.topic(), payload: 'x' }),
        subscribe(1, [t.topic()]),
        connect(5, { clientId: t.clientId('second') }),
      ];
      for (const packet of wrong) {
        const { client } = await pending(t);
        client.send(packet);
        await client.expectClosed({ codes: refusals, id: 'MQTT-3.1.2-30' });
      }
      await watcher.expectNothing();
    },
  }),
  defineCase({
    name: 'disconnect-during-authentication-ends-it',
    ids: { v5: ['MQTT-3.1.2-30', 'MQTT-3.14.0-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      const client = await t.open();
      // A CONNECT that was not accepted has no will.
      beginScram(t, client, { will: { topic: t.topic() } });
      await challenged(client);
      client.send(disconnect(0x04));
      await client.expectClosed({ codes: refusals });
      await watcher.expectNothing();
    },
  }),
  defineCase({
    name: 'auth-fits-the-maximum-packet-size',
    ids: { v5: ['MQTT-3.15.2-2', 'MQTT-3.15.2-3', 'MQTT-3.1.2-24'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await t.open();
      const scram = beginScram(t, client);
      const challenge = await challenged(client);
      client.send(auth(0x18, scram.answer(challenge.properties.authenticationData)));
      const connack = await client.expect('connack', { reasonCode: 0 });
      const sizes = [challenge, connack].map((packet) => client.bytesOf(packet).length);
      // The challenge fits just so: there is no room for a reason.
      const maximumPacketSize = Math.max(...sizes);
      const tight = await t.open();
      beginScram(t, tight, { properties: { maximumPacketSize } });
      const { length } = await tight.receiveBytes();
      t.check(
        'MQTT-3.15.2-2',
        length <= maximumPacketSize,
        `a packet of ${length} bytes, ${maximumPacketSize} is the limit`,
      );
    },
  }),
];

const withoutMethod: readonly ConformanceCase[] = [
  defineCase({
    name: 'no-auth-without-a-method',
    ids: { v5: ['MQTT-4.12.0-6'] },
    versions: [5],
    async run(t) {
      const client = await t.open();
      // The first packet is CONNACK, also for a name that could authenticate otherwise.
      const userName = t.target.authentication?.userName ?? t.target.userName;
      const fields = t.withCredentials(userName === undefined ? {} : { userName });
      const { properties } = await client.connect(fields);
      const method = properties.authenticationMethod;
      t.check('MQTT-4.12.0-6', method === undefined, `CONNACK has the method ${method}`);
    },
  }),
  defineCase({
    name: 'unknown-authentication-method-is-refused',
    ids: { v5: ['MQTT-4.12.0-1', 'MQTT-4.13.2-1', 'MQTT-3.2.2-7', 'MQTT-3.14.0-1'] },
    versions: [5],
    async run(t) {
      const clientId = t.clientId('m');
      const first = await t.connect({ clientId });
      for (const authenticationMethod of ['X-NOBODY-KNOWS', 'scram-sha-257', ' ']) {
        const client = await t.open(clientId);
        const properties = { authenticationMethod, authenticationData: bytes('00 01') };
        client.send(connect(5, { clientId, properties }), pingreq);
        await client.expectClosed({ codes: [0x87, 0x8c], id: 'MQTT-4.12.0-1' });
      }
      await first.ping();
    },
  }),
];

/** Sections 3.15 and 4.12. */
export const authCases: readonly ConformanceCase[] = [
  ...withoutMethod,
  ...exchange,
  ...reauthenticationCases,
];
