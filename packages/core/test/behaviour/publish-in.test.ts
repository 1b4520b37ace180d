import { encodePacket } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import {
  acknowledgement,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

async function aWatcher(world: TestBroker): Promise<TestClient> {
  const watcher = await world.connect('watcher');
  await watcher.subscribe('#');
  return watcher;
}

describe.each([3, 4, 5] as const)('a PUBLISH of a client of version %i', (version) => {
  test.each([0, 1, 2] as const)('with QoS %i arrives', async (qos) => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    expect(await client.publish('a', 'x', { qos })).toBe(0);
    expect(await watcher.messages()).toMatchObject([{ topic: 'a', payload: 'x', qos, dup: false }]);
  });

  test('with QoS 1 is a new one each time, whatever DUP says', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    for (const dup of [true, false, true]) {
      client.send(publishPacket('a', 'x', { qos: 1, packetId: 5, dup }));
    }
    expect(await client.unread()).toEqual(['puback', 'puback', 'puback']);
    const messages = await watcher.messages();
    expect(messages.map(({ dup }) => dup)).toEqual([false, false, false]);
  });

  test('with QoS 2 is routed once, and acknowledged each time until PUBREL', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    const first = publishPacket('a', 'x', { qos: 2, packetId: 5 });
    const again = publishPacket('a', 'x', { qos: 2, packetId: 5, dup: true });
    client.send(first, again, first, again);
    expect(await client.unread()).toEqual(['pubrec', 'pubrec', 'pubrec', 'pubrec']);
    expect(await watcher.payloads()).toEqual(['x']);
    client.send(acknowledgement('pubrel', 5), acknowledgement('pubrel', 5));
    const codes = [await client.receive('pubcomp'), await client.receive('pubcomp')];
    expect(codes.map(({ reasonCode }) => reasonCode)).toEqual([0, version === 5 ? 0x92 : 0]);
    // The identifier is free again.
    client.send(first);
    expect((await client.receive('pubrec')).packetId).toBe(5);
    expect(await watcher.payloads()).toEqual(['x']);
  });

  test('with the identifier of a QoS 2 exchange is refused at QoS 1', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    client.send(
      publishPacket('a', 'x', { qos: 2, packetId: 5 }),
      publishPacket('a', 'y', { qos: 1, packetId: 5 }),
    );
    await world.settle();
    expect(await watcher.payloads()).toEqual(['x']);
    if (version === 5) expect((await client.receive('puback')).reasonCode).toBe(0x91);
    // 3.x has no word for it, and an acknowledgement would be a lie.
    else expect([client.closed, client.history.includes('puback')]).toEqual([true, false]);
  });

  test('a PUBREL for nothing is answered, never an error', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    client.send(acknowledgement('pubrel', 7));
    expect(await client.receive('pubcomp')).toMatchObject({
      packetId: 7,
      reasonCode: version === 5 ? 0x92 : 0,
    });
    expect(client.closed).toBe(false);
  });

  test('held identifiers outlive the connection of a durable session', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const fields = version === 5 ? durable : { cleanStart: false };
    const client = await world.connect('c', { version, ...fields });
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 5 }));
    await client.receive('pubrec');
    await client.drop();
    const back = await world.connect('c', { version, ...fields });
    back.send(publishPacket('a', 'x', { qos: 2, packetId: 5, dup: true }));
    expect((await back.receive('pubrec')).reasonCode).toBe(0);
    back.send(acknowledgement('pubrel', 5));
    expect((await back.receive('pubcomp')).reasonCode).toBe(0);
    expect(await watcher.payloads()).toEqual(['x']);
  });

  test('held identifiers are gone with a clean session', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 5 }));
    await client.drop();
    const back = await world.connect('c', { version });
    back.send(publishPacket('a', 'y', { qos: 2, packetId: 5 }));
    expect(await watcher.payloads()).toEqual(['x', 'y']);
  });

  test('answers leave in the order of their packets', async () => {
    const world = await startTestBroker();
    const keeper = await world.connect('k', durable);
    await keeper.subscribe('kept', { qos: 2 });
    const client = await world.connect('c', { version });
    world.persistence.hold();
    client.send(
      publishPacket('kept', '1', { qos: 1, packetId: 1 }),
      publishPacket('free', '2', { qos: 1, packetId: 2 }),
      publishPacket('kept', '3', { qos: 2, packetId: 3 }),
      acknowledgement('pubrel', 9),
      subscribePacket(4, [subscription('x')]),
      unsubscribePacket(5, ['x']),
      publishPacket('free', '6', { qos: 2, packetId: 6 }),
    );
    // Nothing is acknowledged that is not durable, and nothing goes past it.
    expect(await client.unread()).toEqual([]);
    world.persistence.release();
    expect(await client.unread()).toEqual([
      'puback',
      'puback',
      'pubrec',
      'pubcomp',
      'suback',
      'unsuback',
      'pubrec',
    ]);
  });

  test('to $SYS or $share is refused', async () => {
    const world = await startTestBroker();
    const watcher = await world.connect('watcher');
    await watcher.subscribe([subscription('#'), subscription('$SYS/#')]);
    const client = await world.connect('c', { version });
    await client.publish('$SYS/x', 'x');
    const codes = [
      await client.publish('$SYS/x', 'x', { qos: 1, retain: true }),
      await client.publish('$SYS/x', 'x', { qos: 2 }),
      await client.publish('$share/g/x', 'x', { qos: 1 }),
      await client.publish('$SYS', 'x', { qos: 1, retain: true }),
    ];
    expect(codes).toEqual(version === 5 ? [0x90, 0x90, 0x90, 0x90] : [0, 0, 0, 0]);
    expect(await watcher.payloads()).toEqual([]);
    expect(client.closed).toBe(false);
  });

  test('to $SYS is taken where bridges tell their state', async () => {
    const world = await startTestBroker();
    const watcher = await world.connect('watcher');
    await watcher.subscribe('$SYS/#');
    const client = await world.connect('c', { version });
    await client.publish('$SYS/broker/connection/hall/state', 'up', { qos: 1, retain: true });
    await client.publish('$SYS/broker/connection/site/hall/state', 'up too', { qos: 1 });
    for (const other of ['hall', 'hall/statement', 'hall/state/x', 'state'])
      await client.publish(`$SYS/broker/connection/${other}`, other, { qos: 1 });
    await client.publish('$SYS/broker/connection//state', 'nobody', { qos: 1 });
    expect(await watcher.payloads()).toEqual(['up', 'up too']);
    const later = await world.connect('later');
    await later.subscribe('$SYS/broker/connection/+/state');
    expect(await later.payloads()).toEqual(['up']);
  });

  test('that is no message ends the connection', async () => {
    const world = await startTestBroker();
    const bad = [
      publishPacket('', 'x'),
      // Packet identifier 0.
      Uint8Array.of(0x32, version === 5 ? 6 : 5, 0, 1, 0x61, 0, 0, 0).subarray(
        0,
        version === 5 ? 8 : 7,
      ),
      { ...publishPacket('a', 'x'), topic: 'a/#' },
    ];
    for (const packet of bad) {
      const client = await world.connect('c', { version });
      client.send(packet);
      await world.settle();
      expect(client.closed).toBe(true);
      if (version === 5) expect(client.disconnectCode).toBeGreaterThanOrEqual(0x80);
    }
  });

  test('above the QoS that is served ends the connection', async () => {
    const world = await startTestBroker({ limits: { maxQos: 1 } });
    const client = await world.connect('c', { version });
    await client.publish('a', 'x', { qos: 1 });
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 9 }));
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(version === 5 ? 0x9b : undefined);
  });

  test('may be cut into any pieces', async () => {
    const world = await startTestBroker();
    const watcher = await aWatcher(world);
    const client = await world.connect('c', { version });
    for (const chunkBytes of [1, 2, 3, 7, 200]) {
      client.chunkBytes = chunkBytes;
      await client.publish('topic/of/some/length', 'x'.repeat(200), { qos: 2 });
      await client.publish('topic/of/some/length', '', { qos: 1 });
    }
    const payloads = await watcher.payloads();
    expect(payloads.map(({ length }) => length)).toEqual(Array(5).fill([200, 0]).flat());
  });
});

test('a message that nobody wants is told to a 5.0 client', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  expect(await client.publish('a', 'x', { qos: 1 })).toBe(0x10);
  expect(await client.publish('a', 'x', { qos: 2 })).toBe(0x10);
});

test('properties are forwarded as they are, in order', async () => {
  const world = await startTestBroker();
  const watcher = await aWatcher(world);
  const client = await world.connect('c');
  const properties = {
    payloadFormatIndicator: 1,
    contentType: 'application/json',
    responseTopic: 'answer/here',
    correlationData: Buffer.from([0, 255]),
    userProperties: [
      ['z', '1'],
      ['__proto__', '2'],
      ['z', '3'],
    ],
  } as const;
  for (const qos of [0, 1, 2] as const) await client.publish('a', 'x', { qos, properties });
  for (const message of await watcher.messages()) expect(message.properties).toEqual(properties);
});

test('identifiers of SUBSCRIBE and UNSUBSCRIBE that QoS 2 holds are refused in 5.0', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('b');
  client.send(
    publishPacket('a', 'x', { qos: 2, packetId: 50 }),
    subscribePacket(50, [subscription('a'), subscription('c')]),
    unsubscribePacket(50, ['b']),
  );
  expect((await client.receive('suback')).reasonCodes).toEqual([0x91, 0x91]);
  expect((await client.receive('unsuback')).reasonCodes).toEqual([0x91]);
  expect(world.broker.stats.subscriptions).toBe(1);
});

test('a QoS 2 message that a hook refuses leaves its identifier free in 5.0', async () => {
  let allowed = false;
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('authorizePublish', () =>
          allowed
            ? { allowed: true, grant: undefined }
            : { allowed: false, reasonCode: 0x87, reasonString: undefined },
        ),
      ),
    ],
  });
  const watcher = await aWatcher(world);
  const client = await world.connect('c');
  client.send(publishPacket('a', '1', { qos: 2, packetId: 5 }));
  expect((await client.receive('pubrec')).reasonCode).toBe(0x87);
  allowed = true;
  client.send(publishPacket('a', '2', { qos: 2, packetId: 5 }));
  expect((await client.receive('pubrec')).reasonCode).toBe(0);
  expect(await watcher.payloads()).toEqual(['2']);
  // 3.x goes on with the exchange, and forgets the message.
  allowed = false;
  const old = await world.connect('o', { version: 4 });
  expect(await old.publish('a', '3', { qos: 2 })).toBe(0);
  expect(await old.publish('a', '4', { qos: 1 })).toBe(0);
  expect(await watcher.payloads()).toEqual([]);
});

test('a large payload arrives, forwarded and copied', async () => {
  const world = await startTestBroker({ limits: { maxPacketBytes: 3_000_000 } });
  const watcher = await aWatcher(world);
  const other = await world.connect('o', { version: 4 });
  await other.subscribe('a', { qos: 1 });
  const client = await world.connect('c');
  client.chunkBytes = 60_000;
  const payload = Buffer.alloc(2_000_000, 'abcdefg');
  for (const qos of [0, 1, 2] as const) await client.publish('a', payload, { qos });
  for (const receiver of [watcher, other]) {
    const payloads = await receiver.payloads();
    expect(payloads.map((text) => text === payload.toString())).toEqual([true, true, true]);
  }
});

describe.each(stores)('with a %s store', (_, makeStore) => {
  test('QoS 2 is exactly once across a restart in the middle of the exchange', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const reader = await world.connect('r', durable);
    await reader.subscribe('a');
    await reader.drop();
    let client = await world.connect('c', durable);
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 5 }));
    await client.receive('pubrec');
    await world.crash();
    client = await world.connect('c', durable);
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 5, dup: true }));
    expect((await client.receive('pubrec')).reasonCode).toBe(0);
    await world.crash();
    client = await world.connect('c', durable);
    client.send(acknowledgement('pubrel', 5));
    expect((await client.receive('pubcomp')).reasonCode).toBe(0);
    await world.crash();
    client = await world.connect('c', durable);
    client.send(acknowledgement('pubrel', 5));
    expect((await client.receive('pubcomp')).reasonCode).toBe(0x92);
    expect(await (await world.connect('r', durable)).payloads()).toEqual(['x']);
  });

  test('what was not acknowledged may be lost in a crash, but is not half there', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const reader = await world.connect('r', durable);
    await reader.subscribe('a');
    await reader.drop();
    const client = await world.connect('c', durable);
    world.persistence.hold();
    client.send(publishPacket('a', 'x', { qos: 2, packetId: 5 }));
    await world.settle();
    await world.crash();
    const back = await world.connect('c', durable);
    back.send(publishPacket('a', 'x', { qos: 2, packetId: 5, dup: true }));
    await back.receive('pubrec');
    expect(await (await world.connect('r', durable)).payloads()).toEqual(['x']);
  });
});

test('publishers are not read while too much waits to be committed', async () => {
  const world = await startTestBroker({ limits: { maxPendingCommitBytes: 65_536 } });
  await (await world.connect('k', durable)).subscribe('a', { qos: 1 });
  const client = await world.connect('c');
  world.persistence.hold();
  const packet = encodePacket(publishPacket('a', 'x'.repeat(30_000), { qos: 1, packetId: 1 }), 5);
  client.send(packet, packet, packet, packet, packet);
  await world.settle();
  expect(world.broker.stats.messagesReceived).toBe(3);
  world.persistence.release();
  await world.settle();
  expect(world.broker.stats.messagesReceived).toBe(5);
  expect(client.history.filter((name) => name === 'puback')).toHaveLength(5);
});
