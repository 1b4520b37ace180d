import { type ConformanceCase, defineCase } from '../case.ts';
import { auth, publish } from '../compose.ts';
import { ScramClient, scramMethod } from '../scram.ts';
import { challenged, newScram, scramClient } from './auth-steps.ts';
import { protocolErrorCodes } from './codes.ts';

const failed = [0x86, 0x87, 0x83, 0x8c, ...protocolErrorCodes];

/** Re-authentication on an open connection (section 4.12.1). */
export const reauthenticationCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'reauthentication-ends-with-auth-success',
    ids: { v5: ['MQTT-4.12.1-1', 'MQTT-4.12.0-5', 'MQTT-4.12.0-2', 'MQTT-3.15.2-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await scramClient(t);
      await client.subscribe({ filter: t.topic(), qos: 1 });
      // More than once, as a client does that renews what it shows.
      for (const round of ['1', '2']) {
        const scram = newScram(t);
        client.send(auth(0x19, scram.first));
        const { properties } = await challenged(client);
        const { authenticationMethod, authenticationData } = properties;
        t.check('MQTT-4.12.0-5', authenticationMethod === scramMethod, `${authenticationMethod}`);
        client.send(auth(0x18, scram.answer(authenticationData)));
        const success = await client.expect('auth', { reasonCode: 0 });
        const method = success.properties.authenticationMethod;
        t.check('MQTT-4.12.0-5', method === scramMethod, `AUTH has the method ${method}`);
        await client.publish(t.topic(), round, { qos: 1 });
        await client.expectMessage({ payload: round });
      }
    },
  }),
  defineCase({
    name: 'other-packets-go-on-during-reauthentication',
    ids: { v5: ['MQTT-4.12.1-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await scramClient(t);
      const other = await t.connect();
      await client.subscribe(t.topic('in'));
      await other.subscribe(t.topic('out'));
      const scram = newScram(t);
      client.send(auth(0x19, scram.first));
      const { properties } = await challenged(client);
      await client.ping();
      await other.publish(t.topic('in'), 'in');
      await client.expectMessage({ payload: 'in' });
      client.send(publish({ topic: t.topic('out'), payload: 'out' }));
      await other.expectMessage({ payload: 'out' });
      client.send(auth(0x18, scram.answer(properties.authenticationData)));
      await client.expect('auth', { reasonCode: 0 });
    },
  }),
  defineCase({
    name: 'reauthentication-with-a-wrong-proof-ends-the-connection',
    ids: { v5: ['MQTT-4.12.1-2', 'MQTT-4.13.2-1', 'MQTT-3.1.2-8'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const watcher = await t.connect();
      await watcher.subscribe(t.topic());
      const client = await scramClient(t, undefined, { will: { topic: t.topic(), payload: 'w' } });
      const wrong = new ScramClient(t.target.authentication?.userName ?? '', 'not the password');
      client.send(auth(0x19, wrong.first));
      const { properties } = await challenged(client);
      client.send(auth(0x18, wrong.answer(properties.authenticationData)));
      await client.expectClosed({ codes: failed, id: 'MQTT-4.12.1-2' });
      await t.about('MQTT-3.1.2-8', () => watcher.expectMessage({ payload: 'w' }));
    },
  }),
  defineCase({
    name: 'reauthentication-keeps-the-method',
    ids: { v5: ['MQTT-4.12.1-1', 'MQTT-4.12.0-5', 'MQTT-4.12.1-2'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const begins = await scramClient(t);
      begins.send(auth(0x19, { ...newScram(t).first, authenticationMethod: 'SCRAM-SHA-1' }));
      await begins.expectClosed({ codes: failed, id: 'MQTT-4.12.1-1' });
      const goesOn = await scramClient(t);
      const scram = newScram(t);
      goesOn.send(auth(0x19, scram.first));
      const { properties } = await challenged(goesOn);
      const answer = scram.answer(properties.authenticationData);
      goesOn.send(auth(0x18, { ...answer, authenticationMethod: 'SCRAM-SHA-1' }));
      await goesOn.expectClosed({ codes: failed, id: 'MQTT-4.12.0-5' });
    },
  }),
  defineCase({
    name: 'auth-that-continues-nothing-is-an-error',
    ids: { v5: ['MQTT-4.12.1-1', 'MQTT-4.13.1-1', 'MQTT-3.15.2-1'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      // 0x18 before 0x19, and a code that only a broker sends.
      for (const reason of [0x18, 0x00]) {
        const client = await scramClient(t);
        client.send(auth(reason, newScram(t).first));
        await client.expectClosed({ codes: failed, id: 'MQTT-4.13.1-1' });
      }
      const twice = await scramClient(t);
      twice.send(auth(0x19, newScram(t).first), auth(0x19, newScram(t).first));
      await twice.expectClosed({ codes: failed, after: ['auth'], id: 'MQTT-4.13.1-1' });
    },
  }),
  defineCase({
    name: 'reauthentication-without-a-method-in-connect-is-an-error',
    ids: { v5: ['MQTT-4.12.0-7', 'MQTT-4.12.0-6'] },
    versions: [5],
    needs: ['enhanced-auth'],
    async run(t) {
      const client = await t.connect();
      client.send(auth(0x19, newScram(t).first));
      await client.expectClosed({ codes: failed, id: 'MQTT-4.12.0-7' });
    },
  }),
];
