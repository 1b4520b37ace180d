import { allow, deny } from '@sluice/plugin';
import { expect, test } from 'vitest';
import {
  acknowledgement,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** One turn of the event loop, with what streams and promises make of it. */
async function turn({ environment }: TestBroker): Promise<void> {
  environment.runTurn();
  for (let tick = 0; tick < 4; tick++) await nextTick();
}

/** Payloads of what a client has got by now. */
function got(client: TestClient): string[] {
  return client
    .received()
    .flatMap((packet) => ('payload' in packet ? [String(packet.payload)] : []));
}

/** A broker that serves one receiver each turn, and clients who want everything. */
async function aSlowBroker(receivers: number, fields: { sessionExpiryInterval?: number } = {}) {
  const world = await startTestBroker({ limits: { maxReceiversPerTurn: 1 } });
  const clients: TestClient[] = [];
  for (let index = 0; index < receivers; index++) {
    const client = await world.connect(`r${index}`, { properties: fields });
    await client.subscribe('#');
    clients.push(client);
  }
  return { world, clients };
}

test('50,000 receivers take many turns, and others are served in between', async () => {
  const world = await startTestBroker();
  const many = Array.from({ length: 50_000 }, () => world.broker.subscribe('many'));
  const reader = await world.connect('reader');
  await reader.subscribe('few');
  const loud = await world.connect('loud');
  const other = await world.connect('other');
  loud.send(publishPacket('many', 'everybody', { qos: 1, packetId: 1 }));
  await nextTick();
  let turns = 0;
  let served = 0;
  while (served < many.length) {
    other.send(publishPacket('few', `${turns}`));
    await turn(world);
    const now = many.reduce((sum, { queued }) => sum + queued, 0);
    expect(now - served).toBeLessThanOrEqual(1_000);
    served = now;
    turns++;
    if (served < many.length) expect(loud.history).not.toContain('puback');
  }
  expect(turns).toBeGreaterThanOrEqual(50);
  await world.settle();
  expect(got(reader)).toEqual(Array.from({ length: turns }, (_, index) => `${index}`));
  expect(await loud.receive('puback')).toMatchObject({ reasonCode: 0 });
});

test('few receivers are served at once', async () => {
  const world = await startTestBroker();
  const few = Array.from({ length: 1_000 }, () => world.broker.subscribe('a'));
  const client = await world.connect('c');
  client.send(publishPacket('a', ''));
  await nextTick();
  expect(few.every(({ queued }) => queued === 1)).toBe(true);
});

test('what a publisher sends next waits for its turn, and its will too', async () => {
  const { world, clients } = await aSlowBroker(5);
  const will = { topic: 'gone', payload: Buffer.from('will'), qos: 0, retain: false } as const;
  const publisher = await world.connect('p', { will: { ...will, properties: {} } });
  // A will for one receiver alone, who is the last of the others.
  const heir = clients[4] as TestClient;
  for (const client of clients) {
    await client.unsubscribe('#');
    await client.subscribe(client === heir ? '+' : 'a');
  }
  publisher.send(publishPacket('a', '1'), publishPacket('a', '2'));
  await nextTick();
  publisher.stream.destroy();
  for (let count = 0; count < 20; count++) await turn(world);
  expect(got(heir)).toEqual(['1', '2', 'will']);
  expect(got(clients[0] as TestClient)).toEqual(['1', '2']);
});

test('messages of the application keep their order, large and small', async () => {
  const { world, clients } = await aSlowBroker(1);
  for (let index = 0; index < 5; index++) world.broker.subscribe('a');
  const all = ['a', 'b', 'a', 'b'].map((topic, index) =>
    world.broker.publish({ topic, payload: `${index}`, qos: 1 }),
  );
  await world.settle();
  await Promise.all(all);
  expect(got(clients[0] as TestClient)).toEqual(['0', '1', '2', '3']);
});

test('who unsubscribes or leaves before its turn gets nothing, and who subscribes neither', async () => {
  const { world, clients } = await aSlowBroker(6);
  const late = await world.connect('late');
  const publisher = await world.connect('p');
  publisher.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }));
  await nextTick();
  await turn(world);
  clients[3]?.send(unsubscribePacket(9, ['#']));
  clients[4]?.stream.destroy();
  late.send(subscribePacket(1, [subscription('#')]));
  for (let tick = 0; tick < 4; tick++) await nextTick();
  await world.settle();
  expect(clients.map((client) => got(client).length)).toEqual([1, 1, 1, 0, 0, 1]);
  expect(got(late)).toEqual([]);
  expect(publisher.history).toContain('puback');
});

test('what is retained is not sent twice to who subscribes meanwhile', async () => {
  const { world } = await aSlowBroker(4);
  const late = await world.connect('late');
  const publisher = await world.connect('p');
  publisher.send(publishPacket('a', 'x', { retain: true }));
  await nextTick();
  await turn(world);
  await late.subscribe('#');
  expect(got(late)).toEqual(['x']);
});

test('a crash in the middle leaves it with nobody, and one behind its acknowledgement with everybody', async () => {
  const { world } = await aSlowBroker(4, { sessionExpiryInterval: 600 });
  const publisher = await world.connect('p', { properties: { sessionExpiryInterval: 600 } });
  for (let index = 0; index < 4; index++) {
    const { client } = await world.resume(`r${index}`, {
      cleanStart: false,
      acknowledges: false,
      properties: { sessionExpiryInterval: 600 },
    });
    await client.drop();
  }
  publisher.send(publishPacket('a', 'lost', { qos: 2, packetId: 1 }));
  await nextTick();
  for (let count = 0; count < 2; count++) await turn(world);
  await world.crash();
  const queued = (): (number | undefined)[] =>
    [0, 1, 2, 3].map((index) => world.broker.sessions.get(`r${index}`)?.queuedMessages);
  expect(queued()).toEqual([0, 0, 0, 0]);
  const { client } = await world.resume('p', {
    cleanStart: false,
    properties: { sessionExpiryInterval: 600 },
  });
  client.send(publishPacket('a', 'again', { qos: 2, packetId: 1, dup: true }));
  expect(await client.receive('pubrec')).toMatchObject({ packetId: 1, reasonCode: 0 });
  await world.crash();
  expect(queued()).toEqual([1, 1, 1, 1]);
});

test('who comes back while its message is on its way is not heard twice', async () => {
  const { world, clients } = await aSlowBroker(5);
  const durable = { cleanStart: false, properties: { sessionExpiryInterval: 600 } };
  const before = await world.connect('p', durable);
  before.send(publishPacket('a', 'once', { qos: 2, packetId: 7 }));
  await nextTick();
  await turn(world);
  const after = world.client();
  after.send(
    connectPacket(5, { clientId: 'p', ...durable }),
    publishPacket('a', 'once', { qos: 2, packetId: 7, dup: true }),
  );
  for (let count = 0; count < 20; count++) await turn(world);
  expect(await after.receive('pubrec')).toMatchObject({ packetId: 7 });
  after.send(acknowledgement('pubrel', 7));
  await after.receive('pubcomp');
  for (const client of clients) expect(got(client)).toEqual(['once']);
});

test('what others publish meanwhile reaches the same queues, and is acknowledged', async () => {
  const { world, clients } = await aSlowBroker(4, { sessionExpiryInterval: 600 });
  const other = await world.connect('other');
  const loud = await world.connect('loud');
  await clients[0]?.subscribe('other', { qos: 2 });
  for (const client of clients.slice(1)) await client.unsubscribe('#');
  for (const client of clients.slice(1)) await client.subscribe('a', { qos: 2 });
  loud.send(publishPacket('a', 'loud', { qos: 2, packetId: 1 }));
  await nextTick();
  await turn(world);
  other.send(publishPacket('other', 'quick', { qos: 2, packetId: 1 }));
  await world.settle();
  expect(clients.map((client) => got(client))).toEqual([
    ['loud', 'quick'],
    ...Array.from({ length: 3 }, () => ['loud']),
  ]);
  expect(await loud.receive('pubrec')).toMatchObject({ reasonCode: 0 });
  expect(await other.receive('pubrec')).toMatchObject({ reasonCode: 0 });
});

test('hooks are asked for each receiver, and told of the message when all were served', async () => {
  const seen: string[] = [];
  const world = await startTestBroker({
    limits: { maxReceiversPerTurn: 1 },
    plugins: [
      aPlugin((context) => {
        context.hook('authorizePublish', () => allow());
        context.hook('authorizeSubscribe', () => allow());
        context.hook('authorizeDeliver', ({ client }) => {
          seen.push(client.clientId);
          return client.clientId === 'r1' ? deny() : allow();
        });
        context.hook('published', ({ receivers }) => void seen.push(`published ${receivers}`));
      }),
    ],
  });
  for (let index = 0; index < 3; index++) {
    await (await world.connect(`r${index}`)).subscribe('#');
  }
  const publisher = await world.connect('p');
  await publisher.publish('a', 'x');
  expect(seen).toEqual(['r0', 'r1', 'r2', 'published 2']);
});

test.each([true, false])(
  'who unsubscribes does not get what waited behind a large one, where a hook routes: %s',
  async (isHooked) => {
    const hooks = aPlugin((context) => {
      if (isHooked) context.hook('route', () => undefined);
    });
    const limits = { maxReceiversPerTurn: 1 };
    const world = await startTestBroker({ limits, plugins: [hooks] });
    for (let index = 0; index < 20; index++) {
      await (await world.connect(`r${index}`)).subscribe('many');
    }
    const [leaves, stays] = [await world.connect('leaves'), await world.connect('stays')];
    await leaves.subscribe('few/1');
    await stays.subscribe('few/1');
    await leaves.subscribe('few/2');
    for (const topic of ['many', 'few/1', 'few/2']) {
      void world.broker.publish({ topic, payload: topic });
    }
    await turn(world);
    leaves.send(unsubscribePacket(9, ['few/1', 'few/2']));
    await world.settle();
    expect(leaves.history).toEqual(['connack', 'suback', 'suback', 'unsuback']);
    expect(await stays.payloads()).toEqual(['few/1']);
  },
);
