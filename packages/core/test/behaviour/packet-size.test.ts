import { encodePacket, type Packet } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { publishPacket, subscribePacket, subscription } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

function sizeOf(packet: Packet, version: 3 | 4 | 5 = 5): number {
  return encodePacket(packet, version).length;
}

describe('from the client', () => {
  test.each([3, 4, 5] as const)(
    'version %i: the limit is in, one byte more is out',
    async (version) => {
      const world = await startTestBroker({
        limits: { maxPacketBytes: 500, maxConnectPacketBytes: 500 },
      });
      const client = await world.connect('c', { version });
      const overhead = sizeOf(publishPacket('a', 'x'.repeat(400)), version) - 400;
      const fits = publishPacket('a', 'x'.repeat(500 - overhead));
      expect(sizeOf(fits, version)).toBe(500);
      client.send(fits);
      await world.settle();
      expect([client.closed, world.broker.stats.messagesReceived]).toEqual([false, 1]);
      // The header alone is enough to know.
      const tooLarge = encodePacket(publishPacket('a', 'x'.repeat(501 - overhead)), version);
      client.send(tooLarge.subarray(0, 4));
      await world.settle();
      expect(client.closed).toBe(true);
      expect(client.disconnectCode).toBe(version === 5 ? 0x95 : undefined);
    },
  );
});

describe('towards the client', () => {
  const properties = {
    contentType: 'text/plain',
    userProperties: [['name', 'value']],
  } as const;

  test.each([0, 1, 2] as const)(
    'QoS %i: the limit is in, one byte more is left out',
    async (qos) => {
      const world = await startTestBroker();
      const full = sizeOf(
        publishPacket('a', 'x'.repeat(300), {
          qos,
          packetId: 1,
          properties: { ...properties, messageExpiryInterval: 50, subscriptionIdentifiers: [300] },
        }),
      );
      for (const [maximumPacketSize, arrives] of [
        [full, true],
        [full - 1, false],
      ] as const) {
        const client = await world.connect('c', {
          properties: { maximumPacketSize, receiveMaximum: 1 },
        });
        await client.subscribe('a', { identifier: 300 });
        await world.publish('a', 'x'.repeat(300), {
          qos,
          properties: { ...properties, messageExpiryInterval: 50 },
        });
        // It takes no place: what follows goes on.
        await world.publish('a', 'next', { qos });
        const payloads = await client.payloads();
        expect(payloads).toEqual(arrives ? ['x'.repeat(300), 'next'] : ['next']);
      }
      expect(world.dropped('packet-too-large')).toBe(1);
    },
  );

  test('a message that is too large for one is not for others', async () => {
    const world = await startTestBroker();
    const small = await world.connect('s', { properties: { maximumPacketSize: 100 } });
    const large = await world.connect('l');
    for (const client of [small, large]) await client.subscribe('a');
    await world.publish('a', 'x'.repeat(200), { qos: 1 });
    expect(await small.payloads()).toEqual([]);
    expect(await large.payloads()).toHaveLength(1);
  });

  test('messages that are too large take no room in the queue for ever', async () => {
    const world = await startTestBroker({ limits: { maxQueuedBytes: 1_024 } });
    const client = await world.connect('c', { properties: { maximumPacketSize: 100 } });
    await client.subscribe('a');
    for (let index = 0; index < 20; index++) {
      await world.publish('a', 'x'.repeat(200), { qos: 1 });
      await world.publish('a', String(index), { qos: 1 });
    }
    expect(await client.payloads()).toHaveLength(20);
    expect(world.dropped('packet-too-large')).toBe(20);
    expect(world.dropped('queue-full')).toBe(0);
  });

  test('a queued message that has become too large does not stop the queue', async () => {
    const world = await startTestBroker();
    const durable = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const client = await world.connect('c', { ...durable, acknowledges: false });
    await client.subscribe('a');
    await world.publish('a', 'x'.repeat(200), { qos: 1 });
    await client.unread();
    await client.drop();
    await world.publish('a', 'y'.repeat(200), { qos: 2 });
    await world.publish('a', 'z', { qos: 1 });
    const back = await world.connect('c', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100, maximumPacketSize: 100 },
    });
    expect(await back.payloads()).toEqual(['z']);
    await back.drop();
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('an answer that is too large ends the connection', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { properties: { maximumPacketSize: 30 } });
    const filters = Array.from({ length: 40 }, (_, index) => subscription(`f/${index}`));
    client.send(subscribePacket(1, filters));
    await world.settle();
    expect(client.history).not.toContain('suback');
    expect(client.closed).toBe(true);
  });

  test('DISCONNECT leaves its reason string out where it does not fit', async () => {
    const world = await startTestBroker();
    for (const maximumPacketSize of [22, 1_000]) {
      const client = await world.connect('c', { properties: { maximumPacketSize } });
      world.broker.disconnect('c');
      const { reasonCode, properties: told } = await client.receive('disconnect');
      expect(reasonCode).toBe(0x98);
      expect('reasonString' in told).toBe(maximumPacketSize === 1_000);
    }
  });
});
