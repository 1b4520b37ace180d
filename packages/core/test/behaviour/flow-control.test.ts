import { describe, expect, test } from 'vitest';
import { acknowledgement, publishPacket } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

describe('towards the client', () => {
  test.each([
    ['its receive maximum', { receiveMaximum: 2 }, 10, 2],
    ["the broker's own limit", { receiveMaximum: 10 }, 3, 3],
    ["the broker's own limit, where it has none", {}, 4, 4],
  ])('QoS 1 and 2 share %s', async (_, properties, maxInflightMessages, inFlight) => {
    const world = await startTestBroker({ limits: { maxInflightMessages } });
    const client = await world.connect('c', { properties, acknowledges: false });
    await client.subscribe('a');
    for (let index = 0; index < 8; index++) {
      await world.publish('a', String(index), { qos: index % 2 === 0 ? 1 : 2 });
    }
    await world.publish('a', 'zero');
    // QoS 0 is not held back.
    const expected = Array.from({ length: inFlight }, (_value, index) => String(index));
    expect(await client.payloads()).toEqual([...expected, 'zero']);
  });

  test('each kind of acknowledgement gives its place back when the exchange is over', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', {
      properties: { receiveMaximum: 1 },
      acknowledges: false,
    });
    await client.subscribe('a');
    for (const qos of [1, 2, 2, 1] as const) await world.publish('a', String(qos), { qos });
    const sent = await client.messages();
    client.send(acknowledgement('puback', sent[0]?.packetId ?? 0, 0x80));
    const second = await client.messages();
    expect(second).toMatchObject([{ qos: 2 }]);
    client.send(acknowledgement('pubrec', second[0]?.packetId ?? 0));
    expect(await client.messages()).toEqual([]);
    client.send(acknowledgement('pubcomp', second[0]?.packetId ?? 0));
    const third = await client.messages();
    expect(third).toMatchObject([{ qos: 2 }]);
    client.send(acknowledgement('pubrec', third[0]?.packetId ?? 0, 0x80));
    expect(await client.messages()).toMatchObject([{ qos: 1 }]);
  });

  test('acknowledgements for nothing give nothing back', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', {
      properties: { receiveMaximum: 1 },
      acknowledges: false,
    });
    await client.subscribe('a');
    await world.publish('a', '1', { qos: 1 });
    await world.publish('a', '2', { qos: 1 });
    await client.unread();
    for (let packetId = 100; packetId < 110; packetId++) {
      client.send(acknowledgement('puback', packetId), acknowledgement('pubcomp', packetId));
    }
    expect(await client.unread()).toEqual([]);
  });

  test('everything but PUBLISH goes on', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', {
      properties: { receiveMaximum: 1 },
      acknowledges: false,
    });
    await client.subscribe('a');
    await world.publish('a', '1', { qos: 1 });
    await world.publish('a', '2', { qos: 1 });
    await client.unread();
    expect(await client.publish('b', 'x', { qos: 2 })).toBe(0x10);
    await client.subscribe('b');
    expect(await client.unread()).toEqual([]);
  });
});

describe('from the client', () => {
  test.each([1, 2, 3])('as many as announced, but not one more: %i', async (receiveMaximum) => {
    const world = await startTestBroker({ limits: { receiveMaximum } });
    const client = await world.connect('c');
    for (let packetId = 1; packetId <= receiveMaximum; packetId++) {
      client.send(publishPacket('a', 'x', { qos: 2, packetId }));
    }
    // Repetitions do not count.
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 1, dup: true }));
    await world.settle();
    expect(client.closed).toBe(false);
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 100 }));
    await world.settle();
    expect(client.disconnectCode).toBe(0x93);
  });

  test('a PUBREL makes room', async () => {
    const world = await startTestBroker({ limits: { receiveMaximum: 2 } });
    const client = await world.connect('c');
    for (let packetId = 1; packetId <= 50; packetId++) {
      expect(await client.publish('a', 'x', { qos: 2, packetId })).toBe(0x10);
    }
    expect(client.closed).toBe(false);
  });

  test('a refusal takes no room', async () => {
    const world = await startTestBroker({ limits: { receiveMaximum: 1 } });
    const client = await world.connect('c');
    for (let packetId = 1; packetId <= 5; packetId++) {
      client.send(publishPacket('$SYS/a', 'x', { qos: 2, packetId }));
    }
    expect(await client.unread()).toEqual(Array(5).fill('pubrec'));
  });

  test('while the broker commits, QoS 2 counts once', async () => {
    const world = await startTestBroker({ limits: { receiveMaximum: 10 } });
    await (await world.connect('k', durable)).subscribe('a');
    const client = await world.connect('c');
    world.persistence.hold();
    for (let packetId = 1; packetId <= 10; packetId++) {
      client.send(publishPacket('a', 'x', { qos: 2, packetId }));
    }
    await world.settle();
    expect(client.closed).toBe(false);
    world.persistence.release();
    expect(await client.unread()).toEqual(Array(10).fill('pubrec'));
  });

  test('answers to other packets do not count', async () => {
    const world = await startTestBroker({ limits: { receiveMaximum: 2 } });
    const client = await world.connect('c', durable);
    world.persistence.hold();
    const subscribing = ['a', 'b', 'c', 'd'].map((filter) => client.subscribe(filter));
    client.send(publishPacket('a', 'x', { qos: 1, packetId: 91 }));
    client.send(publishPacket('a', 'x', { qos: 1, packetId: 92 }));
    await Promise.allSettled(subscribing);
    expect(client.closed).toBe(false);
    world.persistence.release();
    await world.settle();
    expect(client.history.filter((name) => name === 'puback')).toHaveLength(2);
  });

  test('identifiers of an earlier connection do not count', async () => {
    const world = await startTestBroker({ limits: { receiveMaximum: 3 } });
    const first = await world.connect('c', durable);
    for (const packetId of [1, 2, 3]) first.send(publishPacket('a', 'x', { qos: 2, packetId }));
    await first.drop();
    const client = await world.connect('c', durable);
    for (const packetId of [4, 5, 6]) client.send(publishPacket('a', 'x', { qos: 2, packetId }));
    await world.settle();
    expect(client.closed).toBe(false);
  });

  test.each([3, 4] as const)(
    'version %i knows no receive maximum: it is only read later',
    async (version) => {
      const world = await startTestBroker({ limits: { receiveMaximum: 2 } });
      await (await world.connect('k', durable)).subscribe('a');
      const client = await world.connect('c', { version });
      world.persistence.hold();
      for (let packetId = 1; packetId <= 20; packetId++) {
        client.send(publishPacket('a', 'x', { qos: 1, packetId }));
      }
      await world.settle();
      expect(client.closed).toBe(false);
      expect(world.broker.stats.messagesReceived).toBeLessThan(20);
      world.persistence.release();
      await world.settle();
      expect(client.history.filter((name) => name === 'puback')).toHaveLength(20);
    },
  );
});

describe('QoS 2 messages without PUBREL', () => {
  const limits = { maxUnreleasedMessages: 3, receiveMaximum: 100 };

  test.each([
    [3, undefined],
    [4, undefined],
    [5, 0x93],
  ] as const)('of a client of version %i are bounded', async (version, code) => {
    const world = await startTestBroker({ limits });
    const client = await world.connect('c', { version, acknowledges: false });
    for (const packetId of [1, 2, 3]) client.send(publishPacket('a', 'x', { qos: 2, packetId }));
    // A repetition is none.
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 3 }));
    await world.settle();
    expect(client.closed).toBe(false);
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 4 }));
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(code);
  });

  test('free their places with PUBREL', async () => {
    const world = await startTestBroker({ limits });
    const client = await world.connect('c', { version: 4, acknowledges: false });
    for (let packetId = 1; packetId <= 10; packetId++) {
      client.send(publishPacket('a', 'x', { qos: 2, packetId }));
      if (packetId >= 3) client.send(acknowledgement('pubrel', packetId - 2));
    }
    await world.settle();
    expect(client.closed).toBe(false);
  });

  test('count over all connections of the session', async () => {
    const world = await startTestBroker({ limits });
    const first = await world.connect('c', { ...durable, acknowledges: false });
    for (const packetId of [1, 2]) first.send(publishPacket('a', 'x', { qos: 2, packetId }));
    await world.settle();
    await first.drop();
    const second = await world.connect('c', { ...durable, acknowledges: false });
    for (const packetId of [3, 4]) second.send(publishPacket('a', 'x', { qos: 2, packetId }));
    await world.settle();
    expect(second.disconnectCode).toBe(0x93);
  });
});
