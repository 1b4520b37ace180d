import { allow, deny } from '@sluice/plugin';
import { expect } from 'vitest';
import {
  acknowledgement,
  aWill,
  publishPacket,
  subscription,
} from '../../../packages/core/test/support/packets.ts';
import { aPlugin } from '../../../packages/core/test/support/test-broker.ts';
import type { Attack } from './attack.ts';

const reserved = ['$SYS/broker/uptime', '$share/g/t'];

/** Attacks by publishing. */
export const publishing: readonly Attack[] = [
  {
    id: 'S05',
    name: 'QoS 2 packet identifiers without end, and no PUBREL',
    outcome:
      '5.0: closed with 0x93 beyond the receive maximum; 3.1.1, which has none, is closed beyond a larger bound of its own',
    bound: '`receiveMaximum`; in 3.1.1 `maxUnreleasedMessages`',
    async run(world) {
      for (const version of [5, 4] as const) {
        const greedy = await world.connect(`greedy-${version}`, { version });
        for (let first = 1; first <= 65_535; first += 500) {
          const ids = Array.from({ length: Math.min(500, 65_536 - first) }, (_, at) => first + at);
          greedy.send(...ids.map((packetId) => publishPacket('t', 'x', { qos: 2, packetId })));
          await world.turn();
        }
        await world.settle();
        const answered = greedy.history.filter((name) => name === 'pubrec').length;
        expect(answered).toBe(version === 5 ? 100 : 10_000);
        expect(greedy.disconnectCode).toBe(version === 5 ? 0x93 : undefined);
        expect(greedy.closed).toBe(true);
      }
    },
  },
  {
    id: 'S06',
    name: 'One QoS 2 packet identifier again and again, with and without DUP',
    outcome: 'answered each time, delivered once until PUBREL',
    bound: 'the packet identifiers of the session',
    async run(world) {
      const reader = await world.connect('reader');
      await reader.subscribe('t');
      const liar = await world.connect('liar');
      for (let round = 0; round < 300; round++) {
        liar.send(publishPacket('t', 'first', { qos: 2, packetId: 7, dup: round % 2 === 1 }));
        if (round % 20 === 0) await world.settle();
      }
      await world.settle();
      expect(liar.history.filter((name) => name === 'pubrec')).toHaveLength(300);
      liar.send(acknowledgement('pubrel', 7), acknowledgement('pubrel', 7));
      await liar.publish('t', 'second', { qos: 2, packetId: 7 });
      expect(await reader.payloads()).toEqual(['first', 'second']);
    },
  },
  {
    id: 'S07',
    name: 'PUBACK, PUBREC, PUBREL and PUBCOMP for packet identifiers that nobody used',
    outcome: 'PUBREC and PUBREL are answered with 0x92, the others are ignored',
    bound: '`maxPacketsPerTurn`',
    async run(world) {
      const liar = await world.connect('liar');
      for (let packetId = 1; packetId <= 5_000; packetId++) {
        for (const name of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
          liar.send(acknowledgement(name, packetId));
        }
        if (packetId % 100 === 0) await world.turn();
      }
      await world.settle();
      expect(liar.closed).toBe(false);
      const { length } = liar
        .received()
        .filter((packet) => 'reasonCode' in packet && packet.reasonCode === 0x92);
      // PUBREL for each PUBREC, and PUBCOMP for each PUBREL.
      expect(length).toBe(10_000);
    },
  },
  {
    id: 'S14',
    name: 'Retained messages on ever new topics, and huge ones',
    outcome:
      'delivered but not retained beyond the limit (`retained-full`); what is retained stays',
    bound: '`maxRetainedMessages`, `maxRetainedBytes`',
    limits: { maxRetainedMessages: 500, maxRetainedBytes: 1_000_000 },
    fills: ['retainedMessages', 'retainedBytes'],
    async run(world) {
      const { stats } = world.broker;
      const greedy = await world.connect('greedy');
      for (let index = 0; index < 2_000; index++) {
        greedy.send(publishPacket(`many/${index}`, 'x', { retain: true }));
        if (index % 100 === 0) await world.turn();
      }
      await world.settle();
      expect(stats.retainedMessages).toBe(500);
      expect(world.dropped('retained-full')).toBe(1_500);
      for (let index = 0; index < 50; index++) {
        greedy.send(publishPacket(`many/${index}`, Buffer.alloc(100_000), { retain: true }));
        await world.turn();
      }
      await world.settle();
      expect(stats.retainedBytes).toBeLessThanOrEqual(1_000_000);
    },
  },
  {
    id: 'S20',
    name: 'A will to a topic that rules deny, or to `$SYS`',
    outcome:
      'CONNECT is refused with 0x87 or 0x90; a will whose permission has ended since is not published',
    bound: '`authorizePublish`, asked twice',
    plugins: () => [
      aPlugin((context) => {
        let asked = 0;
        context.hook('authorizePublish', ({ message: { topic } }) =>
          topic === 'secret' || (topic === 'revoked' && asked++ > 0) ? deny() : allow(),
        );
      }),
    ],
    async run(world) {
      const reader = await world.connect('reader');
      await reader.subscribe([subscription('secret'), subscription('revoked')]);
      const { reasonCode } = await world.client().connect({ clientId: 'a', will: aWill('secret') });
      expect(reasonCode).toBe(0x87);
      for (const topic of reserved) {
        const connack = await world.client().connect({ clientId: 'a', will: aWill(topic) });
        expect(connack.reasonCode).toBe(0x90);
      }
      const revoked = await world.connect('revoked', { will: aWill('revoked') });
      await revoked.drop();
      expect(world.dropped('not-authorized')).toBe(1);
      expect(await reader.payloads()).toEqual([]);
    },
  },
  {
    id: 'S21',
    name: 'PUBLISH to `$SYS` and `$share`, directly, retained or through an alias',
    outcome: 'refused with 0x90, and reaches nobody',
    bound: 'only the application publishes there',
    async run(world) {
      const reader = await world.connect('reader');
      await reader.subscribe('$SYS/#');
      const liar = await world.connect('liar');
      for (const topic of reserved) {
        const alias = { properties: { topicAlias: 1 } };
        expect(await liar.publish(topic, 'x', { qos: 1, retain: true })).toBe(0x90);
        expect(await liar.publish(topic, 'x', { qos: 2, ...alias })).toBe(0x90);
        expect(await liar.publish('', 'x', { qos: 1, ...alias })).toBe(0x90);
        await liar.publish(topic, 'x');
      }
      expect(await reader.payloads()).toEqual([]);
    },
  },
  {
    id: 'S22',
    name: 'Topic aliases: rewritten without end, of a former connection, above the maximum',
    outcome:
      'each is what it was last set to; unknown ones end the connection with 0x82, too high ones with 0x94',
    bound: '`topicAliasMaximum`',
    async run(world) {
      const reader = await world.connect('reader');
      await reader.subscribe('alias/#', { qos: 0 });
      const liar = await world.connect('liar');
      const aliased = (topic: string, topicAlias: number) =>
        publishPacket(topic, topic, { properties: { topicAlias } });
      for (let index = 0; index < 2_000; index++) {
        liar.send(aliased(`alias/${index}`, (index % 16) + 1));
        if (index % 100 === 0) await world.turn();
      }
      liar.send(aliased('', 16));
      await world.settle();
      const messages = await reader.messages();
      expect(messages).toHaveLength(2_001);
      expect(messages.at(-1)?.topic).toBe('alias/1999');
      const again = await world.connect('liar');
      again.send(aliased('', 16));
      const above = await world.connect('above');
      above.send(aliased('alias/x', 17));
      await world.settle();
      expect([again.disconnectCode, above.disconnectCode]).toEqual([0x82, 0x94]);
    },
  },
];
