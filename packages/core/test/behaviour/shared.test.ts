import { MemoryPersistence } from '@sluice/persistence-memory';
import { allow, deny } from '@sluice/plugin';
import { describe, expect, test, vi } from 'vitest';
import { publishPacket } from '../support/packets.ts';
import { stores } from '../support/stores.ts';
import { aPlugin, startTestBroker, type TestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };
const filter = '$share/g/job';

async function publish(world: TestBroker, count: number, qos: 0 | 1 | 2 = 1): Promise<void> {
  for (let index = 0; index < count; index++) await world.publish('job', `${index}`, { qos });
}

test.each([3, 4, 5] as const)('members of version %i take turns', async (version) => {
  const world = await startTestBroker();
  const members = await Promise.all(['a', 'b'].map((id) => world.connect(id, { version })));
  for (const member of members) await member.subscribe(filter, { qos: 1 });
  await publish(world, 4);
  expect(await members[0]?.payloads()).toEqual(['0', '2']);
  expect(await members[1]?.payloads()).toEqual(['1', '3']);
});

test.each(['$share/g/$share/h/job', '$share/g/$share/h/#', '$share/g/$share/h'])(
  'what is behind the name of a group is a filter as it stands: %s',
  async (nested) => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe(nested, { qos: 1 });
    await publish(world, 1);
    expect(await client.payloads()).toEqual([]);
    // Clients cannot publish there.
    await world.publish('$share/h/job', 'x');
    await world.publish('$share/h', 'y');
    const expected = { '#': ['x', 'y'], job: ['x'], h: ['y'] }[nested.split('/').at(-1) ?? ''];
    expect(await client.payloads()).toEqual(expected);
    await client.unsubscribe(nested);
    await world.publish('$share/h/job', 'z');
    expect(await client.payloads()).toEqual([]);
  },
);

test('who has room comes before who has none, and who is there before who is not', async () => {
  const world = await startTestBroker();
  const gone = await world.connect('gone', durable);
  await gone.subscribe(filter, { qos: 1 });
  await gone.drop();
  const busy = await world.connect('busy', {
    acknowledges: false,
    properties: { receiveMaximum: 1 },
  });
  const ready = await world.connect('ready');
  for (const member of [busy, ready]) await member.subscribe(filter, { qos: 1 });
  await publish(world, 4);
  expect(await busy.messages()).toHaveLength(1);
  expect(await ready.messages()).toHaveLength(3);
  expect(await (await world.connect('gone', durable)).payloads()).toEqual([]);
});

/** Who is called junior gets nothing. */
const notForJuniors = aPlugin((context) => {
  context.hook('authorizeDeliver', ({ client }) =>
    client.clientId.startsWith('junior') ? deny() : allow(),
  );
}, 'not-for-juniors');

test.each([0, 1, 2] as const)(
  'a member that may not have a message leaves it to another one: QoS %i',
  async (qos) => {
    const world = await startTestBroker({ plugins: [notForJuniors] });
    const senior = await world.connect('senior', durable);
    const juniors = [await world.connect('junior-1'), await world.connect('junior-2')];
    for (const member of [...juniors, senior]) await member.subscribe(filter, { qos: 2 });
    await publish(world, 4, qos);
    expect(await senior.payloads()).toEqual(['0', '1', '2', '3']);
    await senior.drop();
    await publish(world, 1, qos);
    expect(await (await world.connect('senior', durable)).payloads()).toEqual(qos ? ['0'] : []);
    for (const junior of juniors) expect(await junior.messages()).toEqual([]);
    expect(world.dropped('offline')).toBe(qos ? 0 : 1);
  },
);

test('members that a hook ends while one is chosen are passed over', async () => {
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) => {
        context.hook('authorizeDeliver', ({ client }) => {
          if (client.clientId !== 'c') return allow();
          for (const other of ['a', 'b', 'd']) void context.broker.sessions.end(other);
          return deny();
        });
      }),
    ],
  });
  for (const id of ['c', 'a', 'b', 'd']) {
    await (await world.connect(id)).subscribe(filter, { qos: 1 });
  }
  await publish(world, 1);
  expect(world.dropped('offline')).toBe(1);
});

test('a message waits for an absent member where nobody else is there', async () => {
  const world = await startTestBroker();
  const gone = await world.connect('gone', durable);
  await gone.subscribe(filter, { qos: 1 });
  await gone.drop();
  await publish(world, 2);
  await publish(world, 1, 0);
  expect(await (await world.connect('gone', durable)).payloads()).toEqual(['0', '1']);
  expect(world.dropped('offline')).toBe(1);
});

test.each([
  ['messages', { maxQueuedMessages: 2 }, 1],
  ['bytes', { maxQueuedBytes: 1_024 }, 400],
])('whose queue has no room for more %s comes last', async (_, limits, size) => {
  const world = await startTestBroker({ limits, more: { queueOverflow: 'drop-oldest' } });
  for (const id of ['full', 'free']) {
    const member = await world.connect(id, {
      acknowledges: false,
      properties: { receiveMaximum: 1 },
    });
    await member.subscribe(filter, { qos: 1 });
    await member.subscribe(id, { qos: 1 });
    await world.publish(id, 'in flight', { qos: 1 });
  }
  for (let index = 0; index < 2; index++) await world.publish('full', 'x'.repeat(size), { qos: 1 });
  for (let index = 0; index < 2; index++) await world.publish('job', 'x'.repeat(size), { qos: 1 });
  expect(world.dropped('queue-full')).toBe(0);
  await world.publish('job', 'x'.repeat(size), { qos: 1 });
  const counted = [...world.broker.stats.dropped].filter(([, count]) => count > 0);
  expect(counted).toEqual([['queue-full', 1]]);
  expect(world.broker.stats.queuedMessages).toBe(6);
});

test('the hook selectShared chooses, and one that chooses nobody is reported', async () => {
  let choice: unknown = 'b';
  const seen: unknown[] = [];
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('selectShared', ({ sharedFilter, members }) => {
          seen.push([sharedFilter, members.map(({ clientId, ready }) => [clientId, ready])]);
          return choice as string;
        }),
      ),
    ],
  });
  const a = await world.connect('a');
  const b = await world.connect('b');
  for (const member of [a, b]) await member.subscribe(filter, { qos: 1 });
  await publish(world, 3);
  expect([await a.messages(), await b.messages()].map(({ length }) => length)).toEqual([0, 3]);
  expect(seen[0]).toEqual([
    filter,
    [
      ['a', true],
      ['b', true],
    ],
  ]);
  choice = 'nobody';
  await publish(world, 2);
  expect([await a.messages(), await b.messages()].map(({ length }) => length)).toEqual([1, 1]);
  expect(world.errors).toHaveLength(2);
});

describe.each(stores)('with a %s store', (_, makeStore) => {
  test('what an ended member has not acknowledged goes to another, but no QoS 2 that was sent', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const properties = { sessionExpiryInterval: 1_000, receiveMaximum: 2 };
    const ending = await world.connect('e', { cleanStart: false, properties, acknowledges: false });
    await ending.subscribe(filter, { qos: 2 });
    await world.publish('job', 'sent at 1', { qos: 1 });
    await world.publish('job', 'sent at 2', { qos: 2 });
    await world.publish('job', 'waiting at 2', { qos: 2 });
    expect(await ending.payloads()).toEqual(['sent at 1', 'sent at 2']);
    await ending.drop();
    const other = await world.connect('o');
    await other.subscribe(filter, { qos: 2 });
    await world.connect('e', { cleanStart: true });
    await world.settle();
    expect(await other.payloads()).toEqual(['sent at 1', 'waiting at 2']);
  });

  test('what has expired when its member ends goes to nobody', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const properties = { sessionExpiryInterval: 1_000 };
    const ending = await world.connect('e', { cleanStart: false, properties, acknowledges: false });
    await ending.subscribe(filter, { qos: 1 });
    await world.publish('job', 'brief', { qos: 1, properties: { messageExpiryInterval: 2 } });
    await world.publish('job', 'lasting', { qos: 1, properties: { messageExpiryInterval: 20 } });
    expect(await ending.payloads()).toEqual(['brief', 'lasting']);
    await ending.drop();
    const other = await world.connect('o');
    await other.subscribe(filter, { qos: 1 });
    await world.advance(2_000);
    await world.connect('e', { cleanStart: true });
    await world.settle();
    expect(await other.payloads()).toEqual(['lasting']);
  });

  test.each([
    ['by its receiver, and as nothing else', 1, {}],
    ['as offline where nobody takes it', 0, { offline: 2 }],
    ['as session-ended where the group is gone', undefined, { 'session-ended': 2 }],
  ] as const)('what an ended member has not acknowledged counts %s', async (_, qos, expected) => {
    const world = await startTestBroker({ store: makeStore() });
    const ending = await world.connect('e', { ...durable, acknowledges: false });
    await ending.subscribe(filter, { qos: 1 });
    await publish(world, 2);
    await ending.drop();
    const other = await world.connect('o', durable);
    if (qos !== undefined) await other.subscribe(filter, { qos });
    if (qos === 0) await other.drop();
    await world.connect('e', { cleanStart: true });
    await world.settle();
    const counted = [...world.broker.stats.dropped].filter(([, count]) => count > 0);
    expect(Object.fromEntries(counted)).toEqual(expected);
    expect(await other.payloads()).toEqual(qos === 1 ? ['0', '1'] : []);
  });

  test('what an ended member has not acknowledged goes to another as it was published', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const ending = await world.connect('e', { ...durable, acknowledges: false });
    await ending.subscribe(filter, { qos: 1 });
    await world.publish('job', 'retained', { qos: 1, retain: true });
    await world.publish('job', 'not', { qos: 1 });
    await ending.drop();
    const other = await world.connect('o');
    await other.subscribe(filter, { qos: 1, retainAsPublished: true });
    await world.connect('e', { cleanStart: true });
    expect((await other.messages()).map(({ retain }) => retain)).toEqual([true, false]);
  });

  test('what an ended member has not acknowledged drops nothing of another whose queue is full', async () => {
    const world = await startTestBroker({
      store: makeStore(),
      limits: { maxQueuedMessages: 1 },
      more: { queueOverflow: 'drop-oldest' },
    });
    const [ending, other] = await Promise.all(['e', 'o'].map((id) => world.connect(id, durable)));
    for (const member of [ending, other]) await member?.subscribe(filter, { qos: 1 });
    await ending?.drop();
    await other?.drop();
    await publish(world, 2);
    await world.connect('e', { cleanStart: true });
    const back = await world.connect('o', durable);
    expect(await back.payloads()).toEqual(['1']);
    expect(world.dropped('offline')).toBe(1);
  });

  test('what was QoS 2 goes to another with QoS 0 when it cannot come back in a crash', async () => {
    const world = await startTestBroker({ store: makeStore() });
    const ending = await world.connect('e', durable);
    await ending.subscribe(filter, { qos: 2 });
    await ending.drop();
    await publish(world, 1, 2);
    const other = await world.connect('o');
    await other.subscribe(filter, { qos: 0 });
    world.persistence.hold();
    void world.broker.sessions.end('e');
    expect(await other.payloads()).toEqual([]);
    world.persistence.release();
    expect(await other.payloads()).toEqual(['0']);
  });
});

test.each([1, 100])(
  'what a member leaves behind goes to another one also when reading it fails %i times, and not for ever',
  async (failures) => {
    const persistence = new MemoryPersistence();
    const world = await startTestBroker({ store: { persistence: () => persistence } });
    const member = await world.connect('m', durable);
    await member.subscribe(filter, { qos: 1 });
    await member.drop();
    await publish(world, 3);
    const other = await world.connect('o');
    await other.subscribe(filter, { qos: 1 });
    const read = vi.spyOn(persistence, 'readQueue');
    for (let failure = 0; failure < failures; failure++) {
      read.mockRejectedValueOnce(new Error('too many open files'));
    }
    const ended = world.broker.sessions.end('m');
    for (let second = 0; second < 10; second++) await world.advance(1_000);
    expect(await other.payloads()).toEqual(failures === 1 ? ['0', '1', '2'] : []);
    expect(world.errors.splice(0)).toHaveLength(Math.min(failures, 6));
    expect(await ended).toBe(true);
  },
);

test('what a member was sent and did not acknowledge goes to the next one as it came', async () => {
  const world = await startTestBroker();
  const publisher = await world.connect('p');
  const first = await world.connect('a', { acknowledges: false });
  await first.subscribe(filter, { qos: 1 });
  publisher.send(publishPacket('job', 'x', { qos: 1, packetId: 1 }));
  await world.settle();
  publisher.send(publishPacket('else', 'y'));
  const second = await world.connect('b');
  await second.subscribe(filter, { qos: 1 });
  await first.drop();
  expect(await second.payloads()).toEqual(['x']);
});
