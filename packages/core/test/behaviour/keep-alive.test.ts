import { encodePacket } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { acknowledgement, pingreq, publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

describe.each([3, 4, 5] as const)('keep alive of version %i', (version) => {
  test('ends a connection after 1.5 times its value', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive: 10 });
    await world.advance(14_999);
    expect(client.closed).toBe(false);
    // What lies in the socket is read once more before.
    await world.advance(2);
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(version === 5 ? 0x8d : undefined);
  });

  test.each([
    ['PINGREQ', pingreq],
    ['PUBLISH', publishPacket('a', 'x')],
    ['PUBREL', acknowledgement('pubrel', 1)],
  ])('begins again with every %s', async (_, packet) => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive: 10 });
    for (let round = 0; round < 5; round++) {
      await world.advance(14_000);
      client.send(packet);
      await world.settle();
    }
    expect(client.closed).toBe(false);
    await world.advance(15_001);
    expect(client.closed).toBe(true);
  });

  test('of 0 is none', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive: 0 });
    await world.advance(10_000_000);
    expect(client.closed).toBe(false);
  });

  test('of 65,535 does not overflow', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive: 65_535 });
    await world.advance(98_302_499);
    expect(client.closed).toBe(false);
    await world.advance(2);
    expect(client.closed).toBe(true);
  });

  test('is not fed by what the broker sends', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version, keepAlive: 10 });
    await client.subscribe('a', { qos: 0 });
    for (let second = 0; second < 16; second++) {
      await world.publish('a', 'x');
      await world.advance(1_000);
    }
    expect(client.closed).toBe(true);
  });

  test('PINGREQ is answered, with or without keep alive', async () => {
    const world = await startTestBroker();
    for (const keepAlive of [0, 10]) {
      const client = await world.connect(`c${keepAlive}`, { version, keepAlive });
      client.send(pingreq, pingreq);
      expect(await client.unread()).toEqual(['pingresp', 'pingresp']);
    }
  });
});

test('a packet on its way counts as a sign of life', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { version: 4, keepAlive: 10 });
  const bytes = encodePacket(publishPacket('a', 'x'.repeat(10)), 4);
  for (const byte of bytes) {
    client.send(Uint8Array.of(byte));
    await world.advance(14_000);
  }
  expect(client.closed).toBe(false);
});

test('the value that the broker announced counts, not the one of the client', async () => {
  const world = await startTestBroker({ limits: { maxKeepAliveSeconds: 10 } });
  for (const keepAlive of [0, 60]) {
    const { client, connack } = await world.resume('c', { keepAlive });
    expect(connack.properties.serverKeepAlive).toBe(10);
    await world.advance(14_999);
    expect(client.closed).toBe(false);
    await world.advance(2);
    expect(client.closed).toBe(true);
  }
  const { client, connack } = await world.resume('c', { keepAlive: 5 });
  expect(connack.properties.serverKeepAlive).toBeUndefined();
  await world.advance(7_502);
  expect(client.closed).toBe(true);
});

test('a 3.x client, which cannot be told, is refused above the limit', async () => {
  const world = await startTestBroker({ limits: { maxKeepAliveSeconds: 10 } });
  const codes = [];
  for (const keepAlive of [0, 11, 10]) {
    codes.push((await world.client(4).connect({ clientId: 'c', keepAlive })).reasonCode);
  }
  expect(codes).toEqual([5, 5, 0]);
});

test('silence proves nothing while the broker itself does not read', async () => {
  let go: (() => void) | undefined;
  const world = await startTestBroker({
    limits: { hookTimeoutMs: 100_000 },
    plugins: [
      aPlugin((context) =>
        context.hook('publish', async () => {
          await new Promise<void>((resolve) => {
            go = resolve;
          });
        }),
      ),
    ],
  });
  const client = await world.connect('c', { keepAlive: 10 });
  client.send(publishPacket('a', 'x'), pingreq);
  await world.advance(60_000);
  expect(client.closed).toBe(false);
  go?.();
  expect(await client.unread()).toEqual(['pingresp']);
});
