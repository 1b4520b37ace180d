import { auth } from '@sluice/auth';
import { expect } from 'vitest';
import {
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../../../packages/core/test/support/packets.ts';
import type { Attack } from './attack.ts';

/** Attacks by subscribing. */
export const subscribing: readonly Attack[] = [
  {
    id: 'S12',
    name: 'Wildcard bombs: `+/+/+/...` in every length and combination, plain and shared, against deep topics',
    outcome: 'one message for each session, however many of its filters match',
    bound: '`maxSubscriptionsPerSession`, `maxTopicLevels`',
    async run(world) {
      const levels = 8;
      const bombers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => world.connect(`bomber-${index}`)),
      );
      const filters = Array.from({ length: 2 ** levels }, (_, bits) =>
        Array.from({ length: levels }, (_, at) => ((bits >> at) & 1 ? '+' : 'a')).join('/'),
      );
      for (const bomber of bombers) {
        for (let at = 0; at < filters.length; at += 64) {
          const some = filters.slice(at, at + 64).map((one) => subscription(one, { qos: 0 }));
          await bomber.subscribe(some);
        }
        await bomber.subscribe(`$share/g/${new Array(levels).fill('+').join('/')}`, { qos: 0 });
      }
      const publisher = await world.connect('publisher');
      const topic = new Array(levels).fill('a').join('/');
      for (let count = 0; count < 200; count++) {
        publisher.send(publishPacket(topic, 'x'));
        if (count % 20 === 0) await world.turn();
      }
      await world.settle();
      const received = await Promise.all(bombers.map((bomber) => bomber.payloads()));
      // 200 for each, and one copy more for one member of the group.
      expect(received.flat()).toHaveLength(200 * 8 + 200);
    },
  },
  {
    id: 'S13',
    name: 'SUBSCRIBE to `#` and UNSUBSCRIBE in a loop, over thousands of retained messages',
    outcome: 'the replay waits for the receiver, and ends with the subscription',
    bound: '`maxOutputBytes`, `maxPacketsPerTurn`',
    fills: ['retainedMessages', 'retainedBytes'],
    async run(world) {
      const publisher = await world.connect('publisher');
      for (let index = 0; index < 3_000; index++) {
        publisher.send(publishPacket(`retained/${index}`, 'x', { retain: true }));
        if (index % 100 === 0) await world.turn();
      }
      await world.settle();
      const reader = await world.connect('reader');
      for (let round = 0; round < 10; round++) {
        reader.send(subscribePacket(1, [subscription('#', { qos: 0 })]));
        reader.send(unsubscribePacket(2, ['#']));
        await world.turn();
      }
      await world.settle();
      const complete = await world.connect('complete');
      await complete.subscribe('retained/#', { qos: 0 });
      await world.until(
        () => complete.history.filter((name) => name === 'publish').length >= 3_000,
        'all retained messages',
      );
    },
  },
  {
    id: 'S15',
    name: '`#`, `+/#`, `$share/g/#` as a way to `$SYS`',
    outcome: 'a wildcard in first place does not match topics that begin with `$`',
    bound: 'the standard, section 4.7.2',
    async run(world) {
      const spy = await world.connect('spy');
      for (const filter of ['#', '+/#', '+/secret', '$share/g/#', '$share/g/+/secret']) {
        await spy.subscribe(filter);
      }
      await world.broker.publish({ topic: '$SYS/secret', payload: 'x' });
      expect((await spy.messages()).filter(({ topic }) => topic.startsWith('$'))).toEqual([]);
    },
  },
  {
    id: 'S16',
    name: 'A filter that rules deny, as a shared subscription',
    outcome: 'refused with 0x87: rules see the filter without `$share`',
    bound: '[access rules](#access-rules)',
    plugins: () => [
      auth({
        rules: {
          rules: [
            { effect: 'allow', action: 'all', topic: '#' },
            { effect: 'deny', action: 'subscribe', topic: 'secret' },
          ],
        },
      }),
    ],
    async run(world) {
      const spy = await world.connect('spy');
      for (const filter of ['secret', '$share/g/secret', '$share/secret/secret']) {
        expect(await spy.subscribe(filter)).toMatchObject({ reasonCodes: [0x87] });
      }
      await world.broker.publish({ topic: 'secret', payload: 'x' });
      expect(await spy.payloads()).toEqual([]);
    },
  },
  {
    id: 'S23',
    name: 'Shared groups joined and left without end, also by UNSUBSCRIBE of the plain filter',
    outcome: 'each filter is itself only; nothing of a group stays when its last member has left',
    bound: '`maxSubscriptionsPerSession`',
    async run(world) {
      const members = await Promise.all(
        Array.from({ length: 20 }, (_, index) => world.connect(`member-${index}`)),
      );
      const publisher = await world.connect('publisher');
      const { subscriptions } = world.broker.stats;
      for (let round = 0; round < 50; round++) {
        for (const member of members) {
          member.send(subscribePacket(1, [subscription('$share/g/work'), subscription('work')]));
          member.send(
            unsubscribePacket(
              2,
              round % 2 === 0 ? ['work', '$share/g/work'] : ['$share/g/work', 'work'],
            ),
          );
        }
        publisher.send(publishPacket('work', 'x'));
        await world.turn();
      }
      await world.settle();
      expect(world.broker.stats.subscriptions).toBe(subscriptions);
      await members[0]?.subscribe('$share/g/work');
      await members[0]?.unsubscribe('work');
      for (const member of members) await member.payloads();
      await publisher.publish('work', 'last', { qos: 1 });
      expect(await members[0]?.payloads()).toEqual(['last']);
    },
  },
  {
    id: 'S33',
    name: '`__proto__`, `constructor` and the like as client identifier, topic, filter, group or property',
    outcome: 'data like any other',
    bound: 'nothing of a peer is ever a key of an object',
    fills: ['retainedMessages', 'retainedBytes'],
    async run(world) {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
      for (const name of names) {
        const client = await world.connect(name, { userName: name });
        await client.subscribe([
          subscription(`${name}/${name}`),
          subscription(`$share/${name}/${name}/+`),
        ]);
        const properties = { userProperties: [[name, name]] as const };
        await client.publish(`${name}/${name}`, name, { qos: 1, retain: true, properties });
        const messages = await client.messages();
        expect(messages).toHaveLength(2);
        expect(messages[0]?.properties.userProperties).toEqual([[name, name]]);
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  },
  {
    id: 'S38',
    name: "Client identifiers and topics that look like the store's own keys",
    outcome: 'data like any other: one session does not see what another has',
    bound: 'a session is found by its whole client identifier',
    async run(world) {
      const names = [
        'session',
        'session/',
        'session!a',
        'session:a',
        'session\u{10fffd}',
        '%00',
        '..',
      ];
      const clients = await Promise.all(names.map((name) => world.connect(name)));
      for (const [index, client] of clients.entries()) {
        await client.subscribe(`of/${names[index]}`);
      }
      for (const name of names)
        await world.broker.publish({ topic: `of/${name}`, payload: name, qos: 1 });
      for (const [index, client] of clients.entries()) {
        expect(await client.payloads()).toEqual([names[index]]);
      }
    },
  },
  {
    id: 'S41',
    name: 'Subscriptions without end, packets of hundreds of filters, topics of thousands of levels',
    outcome:
      'refused filter by filter with 0x97 or 0x8F; a packet with too many filters ends the connection with 0x97',
    bound:
      '`maxSubscriptionsPerSession`, `maxSubscriptionsPerPacket`, `maxTopicBytes`, `maxTopicLevels`',
    async run(world) {
      const greedy = await world.connect('greedy');
      const { subscriptions } = world.broker.stats;
      const codes = new Map<number, number>();
      for (let at = 0; at < 2_000; at += 100) {
        const filters = Array.from({ length: 100 }, (_, index) => subscription(`g/${at + index}`));
        for (const code of (await greedy.subscribe(filters)).reasonCodes) {
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }
      expect(codes).toEqual(
        new Map([
          [2, 1_000],
          [0x97, 1_000],
        ]),
      );
      expect(world.broker.stats.subscriptions).toBe(subscriptions + 1_000);
      const deep = await world.connect('deep');
      for (const filter of ['/'.repeat(65_535), '/'.repeat(10_000), 'a/'.repeat(200)]) {
        expect((await deep.subscribe(filter)).reasonCodes).toEqual([0x8f]);
      }
      deep.send(
        subscribePacket(
          1,
          Array.from({ length: 101 }, (_, i) => subscription(`x/${i}`)),
        ),
      );
      await world.settle();
      expect(deep.disconnectCode).toBe(0x97);
    },
  },
];
