import { setTimeout as sleep } from 'node:timers/promises';
import { deny } from '@sluice/plugin';
import { expect } from 'vitest';
import { aWill, connectPacket } from '../../../packages/core/test/support/packets.ts';
import { aPlugin } from '../../../packages/core/test/support/test-broker.ts';
import { rawConnect, str } from '../vectors/parts.ts';
import type { Attack } from './attack.ts';

const forever = { sessionExpiryInterval: 0xffffffff };

/** Attacks by connecting. */
export const connecting: readonly Attack[] = [
  {
    id: 'S01',
    name: 'Connections that say nothing, drip a CONNECT byte by byte, or open and close',
    outcome: 'closed, however lively they drip',
    bound: '`connectTimeoutMs`, `maxConnections`',
    limits: { connectTimeoutMs: 300 },
    async run(world) {
      const connect = rawConnect(5, { payload: [str('slow')] });
      const slow = Array.from({ length: 300 }, () => world.client());
      const silent = Array.from({ length: 300 }, () => world.client());
      for (let at = 0; at < connect.length - 1; at++) {
        for (const client of slow) client.send(connect.subarray(at, at + 1));
        for (let count = 0; count < 10; count++) world.client().stream.destroy();
        await sleep(20);
      }
      const all = [...slow, ...silent];
      await world.until(() => all.every(({ closed }) => closed), 'they are closed');
      expect(all.flatMap(({ history }) => history)).not.toContain('connack');
    },
  },
  {
    id: 'S02',
    name: 'A flood of CONNECT packets',
    outcome: 'beyond the limit turned away before anything is read',
    bound: '`maxConnections`; per address with [`@sluice/limits`](limits.md)',
    limits: { maxConnections: 102 },
    async run(world) {
      const flood = Array.from({ length: 2_000 }, () => world.client());
      for (const [index, client] of flood.entries()) {
        client.send(connectPacket(5, { clientId: `flood-${index}` }));
      }
      await world.settle();
      expect(flood.filter(({ closed }) => !closed)).toHaveLength(100);
      expect(world.broker.stats.connections).toBe(102);
    },
  },
  {
    id: 'S03',
    name: 'Two clients that take over one client identifier from each other without end',
    outcome: 'each in turn gets 0x8E; one session, its subscriptions and nothing else stay',
    bound: 'one connection for each session',
    async run(world) {
      const { stats } = world.broker;
      const fields = {
        clientId: 'torn',
        cleanStart: false,
        properties: { sessionExpiryInterval: 10 },
      };
      const first = await world.connect('torn', fields);
      await first.subscribe('torn/#');
      const { sessions, subscriptions } = stats;
      let last = first;
      for (let round = 0; round < 200; round++) {
        const next = world.client();
        next.send(connectPacket(5, fields));
        await world.turn();
        last = next;
      }
      await world.settle();
      expect(first.disconnectCode).toBe(0x8e);
      expect(last.closed).toBe(false);
      expect(stats).toMatchObject({ sessions, subscriptions, connections: 3 });
      await world.broker.sessions.end('torn');
    },
  },
  {
    id: 'S04',
    name: 'Ever new client identifiers with sessions and delayed wills that never end',
    outcome: 'refused with 0x97 at the limit',
    bound: '`maxSessions`, `maxSessionExpirySeconds`',
    limits: { maxSessions: 202 },
    fills: ['sessions'],
    async run(world) {
      const will = aWill('w', 'x', { properties: { willDelayInterval: 0xffffffff } });
      const codes = new Map<number, number>();
      for (let index = 0; index < 500; index++) {
        const client = world.client();
        client.send(connectPacket(5, { clientId: `s-${index}`, will, properties: forever }));
        await world.turn();
        await world.turn();
        const { reasonCode } = await client.receive('connack');
        codes.set(reasonCode, (codes.get(reasonCode) ?? 0) + 1);
        client.stream.destroy();
      }
      expect(codes).toEqual(
        new Map([
          [0, 200],
          [0x97, 300],
        ]),
      );
      expect(world.broker.stats.sessions).toBe(202);
    },
  },
  {
    id: 'S19',
    name: "CONNECT with somebody else's client identifier",
    outcome: 'refused with 0x87; the session and its connection go on undisturbed',
    bound: 'the identity that a session belongs to',
    plugins: () => [
      aPlugin((context) =>
        context.hook('authenticate', ({ userName }) =>
          userName === 'nobody' ? deny() : { allowed: true, grant: { identity: userName ?? '' } },
        ),
      ),
    ],
    async run(world) {
      const victim = await world.connect('victim', { userName: 'victim' });
      for (const cleanStart of [true, false]) {
        for (let round = 0; round < 20; round++) {
          const { reasonCode } = await world
            .client()
            .connect({ clientId: 'victim', userName: 'thief', cleanStart });
          expect(reasonCode).toBe(0x87);
        }
      }
      expect(victim.closed).toBe(false);
    },
  },
  {
    id: 'S35',
    name: 'A thousand clients with wills vanish at once',
    outcome: 'every will is published',
    bound: '`maxSessions`, `maxOutputBytes`',
    async run(world) {
      const watcher = await world.connect('watcher');
      await watcher.subscribe('wills', { qos: 0 });
      const clients = Array.from({ length: 1_000 }, () => world.client());
      for (const [index, client] of clients.entries()) {
        client.send(connectPacket(5, { clientId: `will-${index}`, will: aWill('wills') }));
        if (index % 50 === 0) await world.turn();
      }
      await world.settle();
      for (const { stream } of clients) stream.destroy();
      await world.settle();
      expect(await watcher.payloads()).toHaveLength(1_000);
    },
  },
  {
    id: 'S43',
    name: 'A stream that fails, ends or is destroyed in every state',
    outcome: 'its connection is gone; nothing is thrown',
    bound: '`closeTimeoutMs`',
    async run(world) {
      const connect = rawConnect(5, { payload: [str('broken')] });
      const ways = ['error', 'destroy', 'end'] as const;
      for (let length = 0; length <= connect.length; length++) {
        for (const way of ways) {
          const { stream } = world.client();
          if (length > 0) stream.push(connect.subarray(0, length));
          if (length % 2 === 0) await world.turn();
          if (way === 'end') stream.push(null);
          else stream.destroy(way === 'error' ? new Error('broken') : undefined);
        }
        await world.settle();
      }
      await world.until(() => world.broker.stats.connections === 2, 'they are gone');
      expect(world.errors).toEqual([]);
    },
  },
];
