import { Buffer } from 'node:buffer';
import { ReasonCode } from '@sluice/packet';
import { bytes, str } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { connect } from '../compose.ts';
import { rawConnect, rawWill } from '../raw-connect.ts';
import { malformedCodes } from './codes.ts';

const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Payload of CONNECT: section 3.1.3 of both standards. */
export const connectPayloadCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'connect-with-every-field-is-read',
    ids: { v5: ['MQTT-3.1.3-1'], v311: ['MQTT-3.1.3-1'] },
    versions: [3, 4, 5],
    async run(t) {
      const topic = t.topic('will');
      const watcher = await t.connect();
      await watcher.subscribe({ filter: topic, qos: 1 });
      const { userName = 'user', password = 'password' } = t.target;
      const client = await t.connect({
        userName,
        password,
        will: {
          topic,
          payload: 'gone',
          qos: 1,
          properties: { contentType: 'text/plain', userProperties: [['name', 'value']] },
        },
        properties: { userProperties: [['of', 'CONNECT']], receiveMaximum: 10 },
      });
      client.drop();
      await watcher.expectMessage({ topic, payload: 'gone', qos: 1 });
    },
  }),

  defineCase({
    name: 'connect-in-wrong-order-closes',
    ids: { v5: ['MQTT-3.1.3-1'], v311: ['MQTT-3.1.3-1'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.open();
      // The payload of the will, which is no text, where its topic should be.
      const swapped = rawWill(t.version, bytes('ff fe'), 'topic');
      client.send(rawConnect(t.version, { flags: 0x06, payload: [str(client.clientId), swapped] }));
      await client.expectClosed({ codes: [...malformedCodes, ReasonCode.topicNameInvalid] });
    },
  }),

  defineCase({
    name: 'connect-without-client-id-closes',
    ids: { v5: ['MQTT-3.1.3-3'], v311: ['MQTT-3.1.3-3'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.open();
      client.send(rawConnect(t.version, { payload: [] }));
      await client.expectClosed({ codes: malformedCodes, returnCodes: t.version === 3 ? [2] : [] });
    },
  }),

  defineCase({
    name: 'plain-client-ids-are-accepted',
    ids: { v5: ['MQTT-3.1.3-5'], v311: ['MQTT-3.1.3-5'] },
    versions: [3, 4, 5],
    run: (t) => {
      const unique = t.clientId('');
      const room = 23 - unique.length;
      const parts = letters.match(new RegExp(`.{1,${room}}`, 'g')) ?? [];
      // One character only, and another one in each version: they run at the same time.
      const ids = ['XYZ'.charAt(t.version - 3), ...parts.map((part) => unique + part)];
      return t.each(Object.fromEntries(ids.map((one) => [one, one])), async (clientId) => {
        await t.connect({ clientId });
      });
    },
  }),

  defineCase({
    name: 'empty-client-id-is-assigned',
    ids: { v5: ['MQTT-3.1.3-6', 'MQTT-3.1.3-7', 'MQTT-3.2.2-16'] },
    versions: [5],
    async run(t) {
      const first = await t.open('');
      const refused = await first.connect(t.withCredentials({ keep: true, clean: true }));
      if (refused.reasonCode === ReasonCode.clientIdentifierNotValid) {
        await first.expectClosed();
        t.excuse('the broker refuses empty client identifiers');
      }
      const second = await t.connect({ clientId: '' });
      const assigned = refused.properties.assignedClientIdentifier ?? '';
      const other = second.connack?.properties.assignedClientIdentifier ?? '';
      t.check(
        'MQTT-3.1.3-7',
        assigned !== '' && other !== '',
        'no Assigned Client Identifier came',
      );
      t.check('MQTT-3.1.3-6', assigned !== other, 'two clients were assigned the same identifier');
      await first.disconnect();
      const third = await t.connect({ clientId: '' });
      const later = third.connack?.properties.assignedClientIdentifier;
      t.check(
        'MQTT-3.2.2-16',
        later !== assigned,
        'the identifier of a stored session was assigned',
      );
      const back = await t.connect({ clientId: assigned, keep: true });
      const isResumed = back.connack?.sessionPresent === true;
      t.check('MQTT-3.1.3-7', isResumed, 'the assigned identifier did not bring the session back');
    },
  }),

  defineCase({
    name: 'given-client-id-is-not-assigned',
    ids: { v5: ['MQTT-3.1.3-7'] },
    versions: [5],
    async run(t) {
      const { connack } = await t.connect();
      const { assignedClientIdentifier } = connack?.properties ?? {};
      t.check('MQTT-3.1.3-7', assignedClientIdentifier === undefined, 'an identifier was assigned');
    },
  }),

  defineCase({
    name: 'empty-client-ids-do-not-clash',
    ids: { v311: ['MQTT-3.1.3-6', 'MQTT-3.1.3-7'] },
    versions: [4],
    async run(t) {
      const first = await t.open('');
      const { reasonCode } = await first.connect(t.withCredentials());
      if (reasonCode === 2) t.excuse('the broker refuses empty client identifiers');
      await t.connect({ clientId: '' });
      await first.ping();
    },
  }),

  defineCase({
    name: 'empty-client-id-needs-clean-session',
    ids: { v311: ['MQTT-3.1.3-7', 'MQTT-3.1.3-8', 'MQTT-3.2.2-4', 'MQTT-3.2.2-5'] },
    versions: [4],
    async run(t) {
      const client = await t.open('');
      client.send(connect(4, t.withCredentials({ clean: false })));
      await client.expect('connack', { reasonCode: 2, sessionPresent: false });
      await client.expectClosed();
    },
  }),

  defineCase({
    name: 'refused-client-id-closes',
    ids: { v5: ['MQTT-3.1.3-8'], v311: ['MQTT-3.1.3-9'] },
    versions: [4, 5],
    async run(t) {
      const client = await t.open('x'.repeat(60_000));
      const { reasonCode } = await client.connect(t.withCredentials());
      if (reasonCode === 0) t.excuse('the broker takes client identifiers of any length');
      const expected = t.version === 5 ? ReasonCode.clientIdentifierNotValid : 2;
      t.check(
        { v5: 'MQTT-3.1.3-8', v311: 'MQTT-3.1.3-9' },
        reasonCode === expected,
        `the identifier was refused with ${reasonCode}, not ${expected}`,
      );
      await client.expectClosed();
    },
  }),

  defineCase({
    name: 'wildcard-in-will-topic-is-refused',
    ids: { v5: ['MQTT-3.1.3-11', 'MQTT-4.7.0-1'], v311: ['MQTT-4.7.1-1'] },
    versions: [4, 5],
    run: (t) =>
      t.each({ plus: 'a/+/b', hash: 'a/#' }, async (topic) => {
        const client = await t.open();
        client.send(
          rawConnect(t.version, {
            flags: 0x06,
            payload: [str(client.clientId), rawWill(t.version, Buffer.from(topic))],
          }),
        );
        const codes = [...malformedCodes, ReasonCode.topicNameInvalid];
        await client.expectClosed({ codes, returnCodes: [5] });
      }),
  }),
];
