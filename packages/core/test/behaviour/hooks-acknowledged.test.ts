import { allow, deny, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { acknowledgement, publishPacket, text } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** Notes what the hooks about one delivery are told. */
function watching(seen: string[]): Plugin {
  return aPlugin((context) => {
    context.hook('delivered', ({ client, message, qos, retain }) =>
      seen.push(`delivered ${client.clientId} ${text(message.payload)} ${qos} ${retain}`),
    );
    for (const name of ['acknowledged', 'refused'] as const) {
      context.hook(name, ({ client, message, qos, reasonCode }) => {
        const payload = message === undefined ? undefined : text(message.payload);
        seen.push(`${name} ${client.clientId} ${payload} ${qos} ${reasonCode}`);
      });
    }
    context.hook('dropped', ({ clientId, message, reason }) =>
      seen.push(`dropped ${clientId} ${text(message.payload)} ${reason}`),
    );
  });
}

async function watched(...plugins: Plugin[]): Promise<{ world: TestBroker; seen: string[] }> {
  const seen: string[] = [];
  return { world: await startTestBroker({ plugins: [watching(seen), ...plugins] }), seen };
}

describe('delivered', () => {
  test('tells of what was written, as it was written, and of nothing else', async () => {
    const { world, seen } = await watched(
      aPlugin((context) => {
        context.hook('authorizeDeliver', ({ message }) =>
          message.topic === 'secret' ? deny() : allow(),
        );
        context.hook('deliver', ({ message }) =>
          message.topic === 'odd' ? { payload: `${text(message.payload)}!` } : undefined,
        );
      }, 'rules'),
    );
    await world.publish('a', 'kept', { retain: true });
    const client = await world.connect('c', { properties: { maximumPacketSize: 100 } });
    await client.subscribe('#');
    await world.publish('secret', 's');
    await world.publish('odd', 'o', { qos: 1 });
    await world.publish('a', 'x'.repeat(200), { qos: 1 });
    await world.publish('a', 'y');
    expect(seen.map((line) => line.replace(/x+/, 'x'))).toEqual([
      'delivered c kept 0 true',
      'dropped c s not-authorized',
      'delivered c o! 1 false',
      'acknowledged c o 1 0',
      'dropped c x packet-too-large',
      'delivered c y 0 false',
    ]);
  });

  test('comes again for what is sent again', async () => {
    const { world, seen } = await watched();
    const client = await world.connect('c', { ...durable, acknowledges: false });
    await client.subscribe('a');
    await world.publish('a', '1', { qos: 1 });
    await client.drop();
    await (await world.connect('c', durable)).drop();
    expect(seen).toEqual([
      'delivered c 1 1 false',
      'delivered c 1 1 false',
      'acknowledged c 1 1 0',
    ]);
  });

  test.each([true, false])('may end the connection, durable: %s', async (isDurable) => {
    const kicked: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('delivered', ({ client }) => {
            if (kicked.length > 0) return;
            kicked.push(client.clientId);
            context.broker.disconnect(client.clientId);
          }),
        ),
      ],
    });
    const options = isDurable ? durable : {};
    const client = await world.connect('c', { ...options, acknowledges: false });
    await client.subscribe('a');
    await world.publish('a', '1', { qos: 1 });
    await world.publish('a', '2', { qos: 1 });
    expect(await client.payloads()).toEqual(['1']);
    expect(client.disconnectCode).toBe(0x98);
    // It was sent, so that it is a duplicate now.
    const back = await world.connect('c', options);
    expect(await back.messages()).toMatchObject(
      isDurable
        ? [
            { payload: '1', dup: true },
            { payload: '2', dup: false },
          ]
        : [],
    );
    expect(world.errors).toEqual([]);
  });
});

describe.each([true, false])('acknowledged and refused, durable: %s', (isDurable) => {
  const options = isDurable ? durable : {};

  test('tell of each QoS with the message and the reason code', async () => {
    const { world, seen } = await watched();
    const client = await world.connect('c', { ...options, acknowledges: false });
    await client.subscribe('#');
    const expectSeen = (...lines: string[]): void => {
      expect(seen.splice(0).filter((line) => !line.startsWith('delivered'))).toEqual(lines);
    };
    const publisher = await world.connect('p');
    for (const [payload, qos, name, code, ...lines] of [
      ['1', 1, 'puback', 0x00, 'acknowledged c 1 1 0'],
      ['3', 1, 'puback', 0x99, 'dropped c 3 refused', 'refused c 3 1 153'],
      ['4', 2, 'pubrec', 0x97, 'dropped c 4 refused', 'refused c 4 2 151'],
    ] as const) {
      await publisher.publish('a', payload, { qos });
      const [sent] = await client.messages();
      client.send(acknowledgement(name, sent?.packetId ?? 0, code));
      await world.settle();
      expectSeen(...lines);
    }
    await publisher.publish('a', '5', { qos: 2 });
    const [sent] = await client.messages();
    client.send(acknowledgement('pubrec', sent?.packetId ?? 0));
    await world.settle();
    expectSeen();
    client.send(acknowledgement('pubcomp', sent?.packetId ?? 0));
    await world.settle();
    expectSeen('acknowledged c 5 2 0');
    await publisher.publish('a', '6', { qos: 0 });
    expectSeen();
    expect(world.dropped('refused')).toBe(2);
  });

  test('the message is the one that came, whatever became of the chunk it came in', async () => {
    const { world, seen } = await watched();
    const client = await world.connect('c', { ...options, acknowledges: false });
    await client.subscribe('a');
    const publisher = await world.connect('p');
    publisher.send(
      publishPacket('a', 'one', { qos: 1, packetId: 1 }),
      publishPacket('a', 'two', { qos: 2, packetId: 2 }),
    );
    const sent = await client.messages();
    client.send(acknowledgement('puback', sent[0]?.packetId ?? 0));
    client.send(acknowledgement('pubrec', sent[1]?.packetId ?? 0));
    client.send(acknowledgement('pubcomp', sent[1]?.packetId ?? 0));
    await world.settle();
    expect(seen.slice(-2)).toEqual(['acknowledged c one 1 0', 'acknowledged c two 2 0']);
  });
});

test('what is refused is counted, with hooks or without', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', { acknowledges: false });
  await client.subscribe('a');
  await world.publish('a', 'x', { qos: 1 });
  const [sent] = await client.messages();
  client.send(acknowledgement('puback', sent?.packetId ?? 0, 0x80));
  await world.settle();
  expect(world.dropped('refused')).toBe(1);
});

describe.each(stores)('after a restart, in a %s store', (_, makeStore) => {
  test('a message is known unless it was released', async () => {
    const seen: string[] = [];
    const world = await startTestBroker({ store: makeStore(), plugins: [watching(seen)] });
    const client = await world.connect('c', { ...durable, acknowledges: false });
    await client.subscribe('a');
    for (const payload of ['1', '2']) await world.publish('a', payload, { qos: 2 });
    const [first] = await client.messages();
    client.send(acknowledgement('pubrec', first?.packetId ?? 0));
    await world.restart();
    seen.length = 0;
    await world.connect('c', durable);
    await world.settle();
    expect(seen).toEqual([
      'delivered c 2 2 false',
      'acknowledged c undefined 2 0',
      'acknowledged c 2 2 0',
    ]);
  });
});

describe('authorizeDeliver is asked again, when rights are gone', () => {
  /** Denies everything from when it is told to. */
  function revocable() {
    const state = { isRevoked: false };
    const plugin = aPlugin((context) =>
      context.hook('authorizeDeliver', ({ client }) =>
        state.isRevoked && client.clientId === 'c' ? deny() : allow(),
      ),
    );
    return { state, plugin };
  }

  test.each([1, 2] as const)('about what is in flight and sent again, QoS %i', async (qos) => {
    const { state, plugin } = revocable();
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c', { ...durable, acknowledges: false });
    await client.subscribe('a');
    await world.publish('a', '1', { qos });
    expect(await client.payloads()).toEqual(['1']);
    await client.drop();
    state.isRevoked = true;
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual([]);
    expect(world.dropped('not-authorized')).toBe(1);
    await back.drop();
    state.isRevoked = false;
    expect(await (await world.connect('c', durable)).payloads()).toEqual([]);
  });

  test('about what waits behind a full receive maximum, live messages and shared ones', async () => {
    const { state, plugin } = revocable();
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c', {
      acknowledges: false,
      properties: { receiveMaximum: 1 },
    });
    await client.subscribe('a');
    await client.subscribe('$share/g/b');
    for (const payload of ['1', '2']) await world.publish('a', payload, { qos: 1 });
    const [sent] = await client.messages();
    state.isRevoked = true;
    client.send(acknowledgement('puback', sent?.packetId ?? 0));
    await world.publish('a', 'live', { qos: 0 });
    await world.publish('b', 'shared', { qos: 1 });
    expect(await client.payloads()).toEqual([]);
    expect(world.dropped('not-authorized')).toBe(2);
    // No member of the group may have it.
    expect(world.dropped('offline')).toBe(1);
  });

  test('about retained messages, and about queued ones after a restart', async () => {
    const { state, plugin } = revocable();
    const world = await startTestBroker({ plugins: [plugin] });
    await world.publish('a', 'kept', { retain: true });
    const client = await world.connect('c', durable);
    await client.subscribe('x');
    await client.drop();
    await world.publish('x', 'queued', { qos: 1 });
    await world.restart();
    state.isRevoked = true;
    const back = await world.connect('c', durable);
    await back.subscribe('a');
    expect(await back.payloads()).toEqual([]);
    expect(world.dropped('not-authorized')).toBe(2);
  });
});
