import { describe, expect, test } from 'vitest';
import { subscribePacket, subscription, unsubscribePacket } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe.each([3, 4, 5] as const)('SUBSCRIBE of version %i', (version) => {
  test('is granted, and messages come with the lower QoS', async () => {
    const world = await startTestBroker();
    for (const granted of [0, 1, 2] as const) {
      const client = await world.connect('c', { version });
      const suback = await client.subscribe('a', { qos: granted });
      expect(suback.reasonCodes).toEqual([granted]);
      for (const qos of [0, 1, 2] as const) await world.publish('a', 'x', { qos });
      const messages = await client.messages();
      expect(messages.map(({ qos }) => qos)).toEqual(
        [0, 1, 2].map((qos) => Math.min(qos, granted)),
      );
    }
  });

  test('of many filters is answered in their order, and a bad one does not harm the others', async () => {
    const world = await startTestBroker({ limits: { maxTopicLevels: 4, maxTopicBytes: 20 } });
    const client = await world.connect('c', { version });
    const { reasonCodes } = await client.subscribe([
      subscription('good/1', { qos: 0 }),
      subscription('bad/#/x', { qos: 1 }),
      subscription('bad+', { qos: 1 }),
      subscription('a/b/c/d/e', { qos: 1 }),
      subscription('x'.repeat(21), { qos: 1 }),
      subscription('good/2', { qos: 2 }),
    ]);
    const bad = version === 5 ? 0x8f : version === 4 ? 0x80 : 1;
    expect(reasonCodes).toEqual([0, bad, bad, bad, bad, 2]);
    expect(world.broker.stats.subscriptions).toBe(2);
    await world.publish('good/1', '1');
    await world.publish('good/2', '2');
    expect(await client.payloads()).toEqual(['1', '2']);
  });

  test('above the number that a session may have is refused, but replacing is not', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionsPerSession: 2 } });
    const client = await world.connect('c', { version });
    const requests = ['a', 'b', 'c', 'a'].map((filter) => subscription(filter, { qos: 1 }));
    const { reasonCodes } = await client.subscribe(requests);
    expect(reasonCodes).toEqual([1, 1, version === 5 ? 0x97 : version === 4 ? 0x80 : 1, 1]);
    expect(world.broker.stats.subscriptions).toBe(2);
    await client.unsubscribe('a');
    expect((await client.subscribe('c', { qos: 1 })).reasonCodes).toEqual([1]);
  });

  test('with more filters than a packet may have ends the connection', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionsPerPacket: 2 } });
    const client = await world.connect('c', { version });
    await client.subscribe([subscription('a'), subscription('b')]);
    client.send(
      subscribePacket(
        5,
        ['a', 'b', 'c'].map((filter) => subscription(filter)),
      ),
    );
    await world.settle();
    expect(client.closed).toBe(true);
    const other = await world.connect('d', { version });
    await other.unsubscribe('a', 'b');
    other.send(unsubscribePacket(5, ['a', 'b', 'c']));
    await world.settle();
    expect(other.closed).toBe(true);
  });

  test('is capped by the QoS that is served', async () => {
    const world = await startTestBroker({ limits: { maxQos: 1 } });
    const client = await world.connect('c', { version });
    expect((await client.subscribe('a', { qos: 2 })).reasonCodes).toEqual([1]);
    await world.publish('a', 'x', { qos: 2 });
    expect(await client.messages()).toMatchObject([{ qos: 1 }]);
  });

  test('replaces the options of the one that is there', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    await client.subscribe('a/+', { qos: 2 });
    await client.subscribe('a/+', { qos: 0 });
    await world.publish('a/b', 'x', { qos: 2 });
    expect(await client.messages()).toMatchObject([{ qos: 0 }]);
    await client.subscribe('a/b', { qos: 1 });
    await client.unsubscribe('a/+');
    await world.publish('a/b', 'y', { qos: 2 });
    expect(await client.messages()).toMatchObject([{ payload: 'y', qos: 1 }]);
  });

  test('that overlaps gives one copy at the highest QoS', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    await client.subscribe([
      subscription('a/#', { qos: 0 }),
      subscription('+/b', { qos: 2 }),
      subscription('a/b', { qos: 1 }),
      subscription('#', { qos: 0 }),
    ]);
    await world.publish('a/b', 'x', { qos: 2 });
    expect(await client.messages()).toMatchObject([{ payload: 'x', qos: 2 }]);
  });

  test('UNSUBSCRIBE is always answered, and ends exactly what it names', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    await client.subscribe([subscription('a/+'), subscription('a/b')]);
    const { reasonCodes } = await client.unsubscribe('a/b', 'a/c', 'a/b');
    expect(reasonCodes).toEqual(version === 5 ? [0x00, 0x11, 0x11] : []);
    await world.publish('a/b', 'x');
    expect(await client.payloads()).toEqual(['x']);
    await client.unsubscribe('a/+');
    await world.publish('a/b', 'y');
    expect(await client.payloads()).toEqual([]);
    expect(world.broker.stats.subscriptions).toBe(0);
  });

  test.each([
    ['an empty list', [0x82, version === 5 ? 3 : 2, 0, 1, 0]],
    [
      'identifier 0',
      [0x82, version === 5 ? 7 : 6, 0, 0, ...(version === 5 ? [0] : []), 0, 1, 0x61, 0],
    ],
    [
      'wrong flags',
      [0x80, version === 5 ? 7 : 6, 0, 1, ...(version === 5 ? [0] : []), 0, 1, 0x61, 0],
    ],
    ['QoS 3', [0x82, version === 5 ? 7 : 6, 0, 1, ...(version === 5 ? [0] : []), 0, 1, 0x61, 3]],
  ])('with %s ends the connection, and nothing is applied', async (_, bytes) => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    client.send(Uint8Array.from(bytes).subarray(0, 2 + (bytes[1] ?? 0)));
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.history).not.toContain('suback');
    expect(world.broker.stats.subscriptions).toBe(0);
  });
});

describe('the options of 5.0', () => {
  test('No Local keeps the own messages away, over every connection of the client', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable);
    await client.subscribe('a', { noLocal: true });
    const other = await world.connect('o');
    await other.subscribe('a');
    await client.publish('a', 'own', { qos: 1 });
    await other.publish('a', 'foreign', { qos: 1 });
    expect(await client.payloads()).toEqual(['foreign']);
    expect(await other.payloads()).toEqual(['own', 'foreign']);
    const again = await world.connect('c', durable);
    await again.publish('a', 'own', { qos: 1 });
    await world.publish('a', 'application');
    expect(await again.payloads()).toEqual(['application']);
  });

  test('No Local counts for its subscription only', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a/+', {
      noLocal: true,
      qos: 2,
      identifier: 1,
      retainAsPublished: true,
    });
    await client.subscribe('a/b', { qos: 1, identifier: 2 });
    await client.publish('a/b', 'own', { qos: 2, retain: true });
    expect(await client.messages()).toMatchObject([
      { payload: 'own', qos: 1, retain: false, properties: { subscriptionIdentifiers: [2] } },
    ]);
    await world.publish('a/b', 'foreign', { qos: 2, retain: true });
    const [message] = await client.messages();
    expect(message).toMatchObject({ qos: 2, retain: true });
    expect(message?.properties.subscriptionIdentifiers?.toSorted()).toEqual([1, 2]);
  });

  test('Retain As Published keeps the flag of live messages', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a', { retainAsPublished: true });
    await client.subscribe('b');
    for (const topic of ['a', 'b']) {
      await world.publish(topic, 'x', { retain: true });
      await world.publish(topic, 'y');
    }
    expect((await client.messages()).map(({ retain }) => retain)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('identifiers come with every message, all that match, and only the own', async () => {
    const world = await startTestBroker();
    const one = await world.connect('one');
    await one.subscribe('a/#', { identifier: 268_435_455 });
    await one.subscribe('a/b', { identifier: 7 });
    await one.subscribe('+/b', { identifier: 7 });
    await one.subscribe('#');
    const two = await world.connect('two');
    await two.subscribe('a/b', { identifier: 1 });
    await world.publish('a/b', 'x', { qos: 1 });
    const [message] = await one.messages();
    expect(message?.properties.subscriptionIdentifiers?.toSorted((a, b) => a - b)).toEqual([
      7, 7, 268_435_455,
    ]);
    expect((await two.messages())[0]?.properties).toEqual({ subscriptionIdentifiers: [1] });
  });

  test('an identifier is replaced, or taken away, with its subscription', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    for (const identifier of [1, 2, undefined]) {
      await client.subscribe('a/+', identifier === undefined ? {} : { identifier });
      await world.publish('a/b', 'x');
      const [message] = await client.messages();
      expect(message?.properties.subscriptionIdentifiers).toEqual(
        identifier === undefined ? undefined : [identifier],
      );
    }
  });

  test('a queued message keeps the identifiers that it matched', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', durable);
    await client.subscribe('a', { identifier: 3 });
    await client.drop();
    await world.publish('a', 'x', { qos: 1 });
    const back = await world.connect('c', durable);
    expect((await back.messages())[0]?.properties).toEqual({ subscriptionIdentifiers: [3] });
  });
});

test('SUBACK is durable before it is sent, and messages may come before it', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', durable);
  world.persistence.hold();
  client.send(subscribePacket(1, [subscription('a')]));
  expect(await client.unread()).toEqual([]);
  world.persistence.release();
  expect(await client.unread()).toEqual(['suback']);
});

test('a subscription that is replaced neither loses nor doubles a message', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('a', { qos: 1 });
  for (let round = 0; round < 20; round++) {
    void world.broker.publish({ topic: 'a', payload: `${round}`, qos: 1 });
    client.send(subscribePacket(100 + round, [subscription('a', { qos: 1, retainHandling: 2 })]));
  }
  expect(await client.payloads()).toEqual(Array.from({ length: 20 }, (_, round) => `${round}`));
});

test('a route that was used is not used on when a subscription comes or goes', async () => {
  const world = await startTestBroker();
  const publisher = await world.connect('p');
  const client = await world.connect('c');
  const seen: number[] = [];
  for (const filter of ['a/b', 'a/+', '#', '+/b']) {
    await publisher.publish('a/b', 'x');
    seen.push((await client.payloads()).length);
    await client.subscribe(filter);
    await publisher.publish('a/b', 'x');
    seen.push((await client.payloads()).length);
    await client.unsubscribe(filter);
  }
  await publisher.publish('a/b', 'x');
  seen.push((await client.payloads()).length);
  expect(seen).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0]);
});

describe('topics', () => {
  test('that begin with $ are not for filters that begin with a wildcard', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe([subscription('#', { qos: 0 }), subscription('+/x', { qos: 0 })]);
    const named = await world.connect('n');
    await named.subscribe('$own/#');
    const publisher = await world.connect('p');
    await publisher.publish('$own/x', '1', { qos: 1, retain: true });
    await world.publish('$SYS/x', '2');
    expect(await client.payloads()).toEqual([]);
    expect(await named.payloads()).toEqual(['1']);
    await client.subscribe('#');
    expect(await client.payloads()).toEqual([]);
    await client.subscribe('$own/+');
    expect(await client.payloads()).toEqual(['1']);
  });

  test('are taken as they are: case, spaces, empty levels, and names of properties', async () => {
    const world = await startTestBroker();
    const topics = [
      'a',
      'A',
      ' a',
      'a/',
      '/a',
      '/',
      '//',
      'a//b',
      '__proto__',
      'constructor',
      '💡/é',
    ];
    const client = await world.connect('c');
    await client.subscribe(
      topics.map((topic, index) => subscription(topic, { qos: index === 0 ? 1 : 0 })),
    );
    const publisher = await world.connect('p');
    for (const topic of topics) await publisher.publish(topic, topic, { retain: true });
    const messages = await client.messages();
    expect(messages.map(({ topic, payload }) => [topic, payload])).toEqual(
      topics.map((topic) => [topic, topic]),
    );
    for (const topic of topics) {
      const reader = await world.connect('r');
      await reader.subscribe(topic);
      expect(await reader.payloads()).toEqual([topic]);
    }
  });

  test.each([
    ['sport/#', ['sport', 'sport/', 'sport/a', 'sport/a/b'], ['sports', 'a/sport']],
    ['sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b']],
    ['+/+', ['/finance', 'a/', '/'], ['finance', 'a/b/c']],
    ['+', ['finance', ''], ['/finance']],
    ['#', ['a', '/', 'a/b'], []],
  ])('match %s as the standard says', async (filter, matching, others) => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe(filter);
    const topics = [...matching, ...others].filter((topic) => topic !== '');
    for (const topic of topics) await world.publish(topic, topic);
    expect(await client.payloads()).toEqual(matching.filter((topic) => topic !== ''));
  });
});
