import { ReasonCode } from '@sluice/packet';
import { bytes, type Part, rawPacket, str, toHex } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { disconnect, pingreq, publish, subscribe } from '../compose.ts';
import { CaseFailure } from '../failures.ts';
import { rawConnect, rawWill } from '../raw-connect.ts';
import { malformedCodes, protocolErrorCodes } from './codes.ts';

const codesOfConnect = [...malformedCodes, ReasonCode.unsupportedProtocolVersion];

/** A server may say what it speaks, in the form of either version, and must close. */
async function expectVersionRefused(client: Client, mustSay: boolean): Promise<void> {
  const [answer, ...more] = (await client.bytesUntilClosed()).map((packet) => toHex(packet));
  const isRefusal = answer === '20 02 00 01' || /^20 .. 00 84 /.test(answer ?? '');
  if (more.length > 0 || (!isRefusal && (mustSay || answer !== undefined))) {
    throw new CaseFailure(
      `the refusal of the version was expected, but ${answer ?? 'nothing'} came`,
    );
  }
}

/** A CONNECT that breaks a rule of its flags, and the statements that say so. */
function malformedConnect(
  name: string,
  ids: { readonly v5?: readonly string[]; readonly v311?: readonly string[] },
  flags: number,
  payload: (version: 4 | 5) => readonly Part[],
): ConformanceCase {
  return defineCase({
    name,
    ids,
    versions: [...(ids.v311 ? [4 as const] : []), ...(ids.v5 ? [5 as const] : [])],
    async run(t) {
      const client = await t.open();
      client.send(rawConnect(t.version, { flags, payload: payload(t.version === 5 ? 5 : 4) }));
      await client.expectClosed({ codes: malformedCodes });
    },
  });
}

const id = str('conformance');

/** CONNECT up to its payload: sections 3.1.0 to 3.1.2.3. */
export const connectHeaderCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'first-packet-must-be-connect',
    ids: { v5: ['MQTT-3.1.0-1'], v311: ['MQTT-3.1.0-1'] },
    versions: [3, 4, 5],
    run: (t) =>
      t.each(
        {
          PINGREQ: pingreq,
          PUBLISH: publish({ topic: t.topic(), payload: 'early' }),
          SUBSCRIBE: subscribe(1, [t.topic()]),
          DISCONNECT: disconnect(),
        },
        async (packet) => {
          const client = await t.open();
          client.send(packet);
          await client.expectClosed({ codes: protocolErrorCodes });
        },
      ),
  }),

  defineCase({
    name: 'second-connect-closes',
    ids: { v5: ['MQTT-3.1.0-2', 'MQTT-3.2.0-2'], v311: ['MQTT-3.1.0-2'] },
    versions: [3, 4, 5],
    async run(t) {
      const client = await t.connect();
      client.send(rawConnect(t.version, { payload: [str(client.clientId)] }));
      await client.expectClosed({ codes: protocolErrorCodes });
    },
  }),

  defineCase({
    name: 'other-protocol-name-closes',
    ids: { v5: ['MQTT-3.1.2-1'], v311: ['MQTT-3.1.2-1'] },
    versions: [4, 5],
    run: (t) =>
      t.each({ mqtt: 'mqtt', MQTX: 'MQTX', 'MQTT ': 'MQTT ', empty: '' }, async (protocolName) => {
        const client = await t.open();
        client.send(rawConnect(t.version, { protocolName, payload: [str(client.clientId)] }));
        await expectVersionRefused(client, false);
      }),
  }),

  defineCase({
    name: 'unknown-protocol-level-is-refused',
    ids: { v5: ['MQTT-3.1.2-2'], v311: ['MQTT-3.1.2-2', 'MQTT-3.2.2-5'] },
    versions: [4, 5],
    run: (t) =>
      t.each({ 'level 0': 0, 'level 2': 2, 'level 6': 6, 'level 127': 127 }, async (level) => {
        const client = await t.open();
        client.send(rawConnect(t.version, { level, payload: [str(client.clientId)] }));
        await expectVersionRefused(client, t.version === 4);
      }),
  }),

  malformedConnect(
    'reserved-connect-flag-closes',
    { v5: ['MQTT-3.1.2-3'], v311: ['MQTT-3.1.2-3'] },
    0x03,
    () => [id],
  ),
  malformedConnect(
    'will-flag-without-will-closes',
    { v5: ['MQTT-3.1.2-9'], v311: ['MQTT-3.1.2-9'] },
    0x06,
    () => [id],
  ),
  malformedConnect(
    'will-without-payload-closes',
    { v5: ['MQTT-3.1.2-9'], v311: ['MQTT-3.1.2-9'] },
    0x06,
    (version) => [id, version === 5 ? 0 : '', str('will')],
  ),
  malformedConnect('will-without-properties-closes', { v5: ['MQTT-3.1.2-9'] }, 0x06, () => [
    id,
    str('will'),
    str('payload'),
  ]),
  malformedConnect(
    'will-qos-1-without-will-closes',
    { v5: ['MQTT-3.1.2-11'], v311: ['MQTT-3.1.2-11', 'MQTT-3.1.2-13'] },
    0x0a,
    () => [id],
  ),
  malformedConnect(
    'will-qos-2-without-will-closes',
    { v5: ['MQTT-3.1.2-11'], v311: ['MQTT-3.1.2-11', 'MQTT-3.1.2-13'] },
    0x12,
    () => [id],
  ),
  malformedConnect(
    'will-qos-3-closes',
    { v5: ['MQTT-3.1.2-12'], v311: ['MQTT-3.1.2-14'] },
    0x1e,
    (version) => [id, rawWill(version, 'will')],
  ),
  malformedConnect(
    'will-retain-without-will-closes',
    { v5: ['MQTT-3.1.2-13'], v311: ['MQTT-3.1.2-11', 'MQTT-3.1.2-15'] },
    0x22,
    () => [id],
  ),
  malformedConnect(
    'will-without-will-flag-closes',
    { v311: ['MQTT-3.1.2-11'] },
    0x02,
    (version) => [id, rawWill(version, 'will')],
  ),
  malformedConnect(
    'user-name-without-flag-closes',
    { v5: ['MQTT-3.1.2-16'], v311: ['MQTT-3.1.2-18'] },
    0x02,
    () => [id, str('user')],
  ),
  malformedConnect(
    'user-name-flag-without-user-name-closes',
    { v5: ['MQTT-3.1.2-17'], v311: ['MQTT-3.1.2-19'] },
    0x82,
    () => [id],
  ),
  malformedConnect(
    'password-without-flag-closes',
    { v5: ['MQTT-3.1.2-18'], v311: ['MQTT-3.1.2-20'] },
    0x82,
    () => [id, str('user'), str('password')],
  ),
  malformedConnect(
    'password-flag-without-password-closes',
    { v5: ['MQTT-3.1.2-19'], v311: ['MQTT-3.1.2-21'] },
    0xc2,
    () => [id, str('user')],
  ),
  malformedConnect('password-without-user-name-closes', { v311: ['MQTT-3.1.2-22'] }, 0x42, () => [
    id,
    str('password'),
  ]),

  defineCase({
    name: 'password-without-user-name-is-read',
    ids: { v5: ['MQTT-3.1.2-19'] },
    versions: [5],
    async run(t) {
      const client = await t.open();
      client.send(rawConnect(5, { flags: 0x42, payload: [str(client.clientId), str('password')] }));
      const { reasonCode } = await client.expect('connack');
      const isRefusal = [ReasonCode.badUserNameOrPassword, ReasonCode.notAuthorized].some(
        (one) => one === reasonCode,
      );
      t.check('MQTT-3.1.2-19', reasonCode === 0 || isRefusal, `CONNACK ${reasonCode}`);
    },
  }),

  defineCase({
    name: 'connect-without-property-length-closes',
    ids: { v5: ['MQTT-2.2.2-1', 'MQTT-3.1.4-1'] },
    versions: [5],
    async run(t) {
      const client = await t.open();
      client.send(rawConnect(5, { properties: bytes(), payload: [str(client.clientId)] }));
      await client.expectClosed({ codes: malformedCodes });
    },
  }),

  defineCase({
    name: 'connect-cut-short-closes',
    ids: { v5: ['MQTT-3.1.4-1'], v311: ['MQTT-3.1.4-1'] },
    versions: [3, 4, 5],
    run: (t) => {
      const whole = rawConnect(t.version, { payload: [id] }).subarray(2);
      const lengths = [0, 1, 5, 6, 8, 9, whole.length - id.length, whole.length - 3];
      const variants = Object.fromEntries(lengths.map((one) => [`${one} bytes`, one]));
      return t.each(variants, async (length) => {
        const client = await t.open();
        client.send(rawPacket(0x10, whole.subarray(0, length)));
        await client.expectClosed({ codes: codesOfConnect, returnCodes: [1] });
      });
    },
  }),
];
