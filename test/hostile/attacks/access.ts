import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuthPlugin, auth, type RuleEntry } from '@sluice/auth';
import { expect } from 'vitest';
import { cheapHash, temporaryDirectory } from '../../../packages/auth/test/fakes.ts';
import {
  aWill,
  connectPacket,
  subscribePacket,
  subscription,
} from '../../../packages/core/test/support/packets.ts';
import { logOf } from '../logged.ts';
import { rawConnect, rawPacket, str } from '../vectors/parts.ts';
import type { Attack } from './attack.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const allowAll: RuleEntry = { effect: 'allow', action: 'all', topic: '#' };
const hash = cheapHash('right');

/** The plug-in of the attack that runs, and where it reads its rules; both live as long as the broker. */
let access: AuthPlugin | undefined;
let rulesFile = '';

async function rulesInFile(): Promise<readonly [AuthPlugin]> {
  rulesFile = join(await temporaryDirectory(), 'rules.json');
  await use(allowAll);
  access = auth({ rules: rulesFile, watch: false });
  return [access];
}

async function use(...rules: readonly RuleEntry[]): Promise<void> {
  await writeFile(rulesFile, JSON.stringify({ rules }));
}

/** Attacks on who may do what. */
export const accessing: readonly Attack[] = [
  {
    id: 'S17',
    name: 'Client identifiers and user names of wildcards, slashes, `..` and `%u` against rules with `%c` and `%u`',
    outcome: 'they match nothing in a permission; no name escapes a denial',
    bound: '[hostile names](#hostile-names)',
    plugins: () => [
      auth({
        users: {
          users: ['+', '#', 'a/#', '..', '%u', '%c'].map((name) => ({ name, password: hash })),
        },
        rules: {
          rules: [
            { effect: 'allow', action: 'all', topic: ['own/%c/%u', 'canary/#'] },
            { effect: 'allow', action: 'all', topic: 'of/%u/#' },
          ],
        },
        anonymous: true,
      }),
    ],
    reportsErrors: false,
    async run(world) {
      for (const name of ['+', '#', 'a/#', '..', '%u', '%c']) {
        const spy = world.client();
        const password = Buffer.from('right');
        spy.send(connectPacket(5, { clientId: name, userName: name, password }));
        await world.until(() => spy.history.includes('connack') || spy.closed, 'the answer');
        const wild = /[+#/]/.test(name);
        for (const filter of ['own/#', 'own/+/+', 'of/+/#', 'of/#', '#', 'own/victim/victim']) {
          const { reasonCodes } = await spy.subscribe(filter);
          expect(reasonCodes, `${name} to ${filter}`).toEqual([0x87]);
        }
        if (!wild) {
          const { reasonCodes } = await spy.subscribe(`own/${name}/${name}`);
          expect(reasonCodes, name).toEqual([2]);
        }
      }
      for (const clientId of ['\0', 'x'.repeat(65_535)]) {
        const stranger = world.client();
        stranger.send(rawConnect(5, { payload: [str(clientId)] }));
        await world.settle();
        expect(stranger.closed).toBe(true);
      }
    },
  },
  {
    id: 'S18',
    name: 'Reading and writing on after the right to it was revoked: subscribed, queued, in flight, retained, by a will',
    outcome: 'nothing leaves and nothing is taken any more, from the moment of the change',
    bound: '[every delivery is asked about](#what-is-asked-when)',
    plugins: rulesInFile,
    fills: ['sessions', 'subscriptions', 'retainedMessages', 'retainedBytes'],
    reportsErrors: false,
    async run(world) {
      const live = await world.connect('live');
      await live.subscribe('secret');
      const queued = await world.connect('queued', { ...durable, acknowledges: false });
      await queued.subscribe('secret');
      const writer = await world.connect('writer', { will: aWill('secret') });
      await writer.publish('secret', 'in flight', { qos: 1, retain: true });
      expect([await live.payloads(), await queued.payloads()]).toEqual([
        ['in flight'],
        ['in flight'],
      ]);
      await queued.drop();
      await writer.publish('secret', 'queued', { qos: 1 });
      await live.payloads();
      await use(allowAll, { effect: 'deny', action: 'all', topic: 'secret' });
      await access?.reload();
      expect(await writer.publish('secret', 'late', { qos: 1 })).toBe(0x87);
      await writer.drop();
      await world.broker.publish({ topic: 'secret', payload: 'live' });
      const back = await world.connect('queued', durable);
      expect((await back.subscribe('secret')).reasonCodes).toEqual([0x87]);
      // One level: the canary pair has two.
      await back.subscribe('+');
      expect([await live.payloads(), await back.payloads()]).toEqual([[], []]);
      expect(world.dropped('not-authorized')).toBeGreaterThan(0);
    },
  },
  {
    id: 'S37',
    name: 'Broken rules: a file that is empty, half written, no JSON or gone when it is read again',
    outcome: 'the rules that were in force stay in force, and the fault is told to who reloads',
    bound: 'a document counts as a whole or not at all',
    plugins: rulesInFile,
    reportsErrors: false,
    async run(world) {
      await use(allowAll, { effect: 'deny', action: 'subscribe', topic: 'secret' });
      await access?.reload();
      const spy = await world.connect('spy');
      for (const content of ['', '{"rules": [{"effect": "all', 'null', '{"rules": {}}', '[]']) {
        await writeFile(rulesFile, content);
        await expect(access?.reload(), content).rejects.toMatchObject({
          code: expect.stringMatching(/^SLUICE_AUTH/),
        });
        expect((await spy.subscribe('secret')).reasonCodes).toEqual([0x87]);
        expect((await spy.subscribe('open')).reasonCodes).toEqual([2]);
      }
    },
  },
  {
    id: 'S42',
    name: 'Passwords tried in bulk, for users that exist and users that do not',
    outcome:
      'refused with 0x86, from the tenth failure of a user on with 0x97 and unseen; beyond what may wait with 0x89; nobody else waits',
    bound: '[limits of attempts](#limits-of-attempts)',
    plugins: () => [
      auth({
        users: { users: [{ name: 'anna', password: cheapHash('right', 16_384) }] },
        anonymous: true,
        maxQueuedHashes: 20,
      }),
    ],
    reportsErrors: false,
    async run(world) {
      const guesses = ['anna', 'nobody'].flatMap((userName) =>
        Array.from({ length: 40 }, (_, index) => ({ userName, guess: `guess-${index}` })),
      );
      const codes = new Map<string, number[]>();
      for (let at = 0; at < guesses.length; at += 20) {
        const clients = guesses.slice(at, at + 20).map(({ userName, guess }) => {
          const client = world.client();
          const fields = { clientId: guess, userName, password: Buffer.from(guess) };
          client.send(connectPacket(5, fields));
          return { client, userName };
        });
        await world.until(() => clients.every(({ client }) => client.closed), 'the refusals');
        for (const { client, userName } of clients) {
          const { reasonCode } = await client.receive('connack');
          codes.set(userName, [...(codes.get(userName) ?? []), reasonCode]);
        }
      }
      // Whether a user exists shows neither in the codes nor in their number.
      const [anna = [], nobody = []] = [codes.get('anna'), codes.get('nobody')];
      expect(anna.toSorted()).toEqual(nobody.toSorted());
      expect(new Set(anna)).toEqual(new Set([0x86, 0x97]));
    },
  },
  {
    id: 'S39',
    name: 'Whatever makes a broker say what it was told: wrong passwords, broken CONNECT packets, failing hooks',
    outcome: 'no password and no token is in an event, an error or a log',
    bound: 'passwords reach `authenticate` alone',
    plugins: () => [
      auth({ users: { users: [{ name: 'anna', password: hash }] }, anonymous: true }),
    ],
    async run(world) {
      const secret = 'hunter2-hunter2';
      const { lines } = logOf(world);
      const password = Buffer.from(secret);
      for (const userName of ['anna', 'nobody']) {
        for (const version of [4, 5] as const) {
          const client = world.client(version);
          client.send(connectPacket(version, { clientId: 'c', userName, password }));
          await world.until(() => client.closed, 'the refusal');
        }
      }
      const broken = world.client();
      const fields = { clientId: 'c', userName: 'anna', password };
      broken.send(connectPacket(5, fields), Buffer.from('0000', 'hex'));
      const method = { authenticationMethod: 'JWT', authenticationData: password };
      const token = world.client();
      token.send(connectPacket(5, { clientId: 't', properties: method }));
      const right = { clientId: 'c', userName: 'anna', password: Buffer.from('right') };
      const entitled = world.client();
      entitled.send(connectPacket(5, { ...right, will: aWill('w') }));
      await world.until(() => entitled.history.includes('connack'), 'the login');
      entitled.send(rawPacket(0x82, '0001 00'));
      await world.settle();
      expect(lines.length).toBeGreaterThanOrEqual(5);
      const said = lines.join('\n') + world.errors.map((error) => error.stack).join('\n');
      for (const one of [secret, Buffer.from(secret).toString('base64'), 'scrypt$', '"right"']) {
        expect(said).not.toContain(one);
      }
    },
  },
  {
    id: 'S40',
    name: 'Client identifiers, user names and topics with line breaks and escape sequences, for the log',
    outcome: 'refused where MQTT forbids them, escaped in the log otherwise: one line each',
    bound: 'nothing that a peer says of itself is printed as it is',
    async run(world) {
      const { lines } = logOf(world);
      for (const name of ['a\nb', '\u001b[2J', '\u009b31m', 'a\u202eb', '\u2028']) {
        const client = world.client();
        client.send(connectPacket(5, { clientId: name, userName: name }));
        await world.settle();
        if (!client.closed) client.send(subscribePacket(1, [subscription(`t/${name}`)]));
        await client.drop();
      }
      expect(lines.length).toBeGreaterThanOrEqual(5);
      for (const line of lines) expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
    },
  },
];
