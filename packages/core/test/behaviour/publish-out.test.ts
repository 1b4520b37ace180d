import type { ReasonCode } from '@sluice/packet';
import { describe, expect, test } from 'vitest';
import { type AcknowledgementName, acknowledgement } from '../support/packets.ts';
import { startTestBroker, type TestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A subscriber that answers nothing by itself and takes one message at a time. */
async function aSilentReader(world: TestBroker, isDurable: boolean): Promise<TestClient> {
  const client = await world.connect('c', {
    cleanStart: false,
    properties: { receiveMaximum: 1, sessionExpiryInterval: isDurable ? 1_000 : 0 },
  });
  client.acknowledges = false;
  await client.subscribe('a');
  return client;
}

describe.each([
  ['clean', false],
  ['durable', true],
])('delivery to a %s session', (_, isDurable) => {
  test.each([0x00, 0x80, 0x87])('QoS 1: PUBACK %i ends it', async (code) => {
    const world = await startTestBroker();
    const client = await aSilentReader(world, isDurable);
    await world.publish('a', 'x', { qos: 1 });
    await world.publish('a', 'next', { qos: 1 });
    const [message] = await client.messages();
    expect(message).toMatchObject({ payload: 'x', qos: 1, dup: false });
    client.send(acknowledgement('puback', message?.packetId ?? 0, code as ReasonCode));
    const [next] = await client.messages();
    expect(next).toMatchObject({ payload: 'next', dup: false });
    expect(client.closed).toBe(false);
    // And is not resent.
    await client.drop();
    const back = await world.connect('c', durable);
    expect(await back.payloads()).toEqual(isDurable ? ['next'] : []);
  });

  interface Step {
    readonly send: readonly [AcknowledgementName, code: ReasonCode];
    /** What the broker answers, or the reason for which it disconnects. */
    readonly answer: string | number | undefined;
    /** Whether the exchange is over, so that the next message comes. */
    readonly done: boolean;
  }

  // Section 8.4 of the behaviour: the state is where the steps before it lead.
  const beforePubrec: readonly Step[] = [
    { send: ['pubrec', 0x00], answer: 'pubrel', done: false },
    { send: ['pubrec', 0x80], answer: undefined, done: true },
    { send: ['pubrec', 0x97], answer: undefined, done: true },
    { send: ['puback', 0x00], answer: 0x82, done: false },
    { send: ['pubcomp', 0x00], answer: 0x82, done: false },
  ];
  const afterPubrec: readonly Step[] = [
    { send: ['pubrec', 0x00], answer: 'pubrel', done: false },
    { send: ['pubrec', 0x80], answer: undefined, done: true },
    { send: ['pubcomp', 0x00], answer: undefined, done: true },
    { send: ['pubcomp', 0x92], answer: undefined, done: true },
    { send: ['puback', 0x00], answer: 0x82, done: false },
  ];

  async function check(client: TestClient, packetId: number, step: Step): Promise<void> {
    const [name, code] = step.send;
    client.send(acknowledgement(name, packetId, code));
    const { answer, done } = step;
    if (typeof answer === 'number') {
      await client.unread();
      expect(client.disconnectCode).toBe(answer);
      return;
    }
    expect((await client.messages()).map(({ payload }) => payload)).toEqual(done ? ['next'] : []);
    expect(await client.unread()).toEqual(answer === undefined ? [] : [answer]);
    expect(client.closed).toBe(false);
  }

  test.each(beforePubrec)('QoS 2 before PUBREC: $send leads to $answer', async (step) => {
    const world = await startTestBroker();
    const client = await aSilentReader(world, isDurable);
    await world.publish('a', 'x', { qos: 2 });
    await world.publish('a', 'next', { qos: 2 });
    const [message] = await client.messages();
    await check(client, message?.packetId ?? 0, step);
  });

  test.each(afterPubrec)('QoS 2 after PUBREC: $send leads to $answer', async (step) => {
    const world = await startTestBroker();
    const client = await aSilentReader(world, isDurable);
    await world.publish('a', 'x', { qos: 2 });
    await world.publish('a', 'next', { qos: 2 });
    const [message] = await client.messages();
    client.send(acknowledgement('pubrec', message?.packetId ?? 0));
    expect(await client.receive('pubrel')).toMatchObject({ packetId: message?.packetId });
    await check(client, message?.packetId ?? 0, step);
  });

  test('QoS 1: PUBREC and PUBCOMP are errors', async () => {
    for (const name of ['pubrec', 'pubcomp'] as const) {
      const world = await startTestBroker();
      const client = await aSilentReader(world, isDurable);
      await world.publish('a', 'x', { qos: 1 });
      const [message] = await client.messages();
      client.send(acknowledgement(name, message?.packetId ?? 0));
      await world.settle();
      expect(client.disconnectCode).toBe(0x82);
    }
  });
});

describe.each([3, 4, 5] as const)('acknowledgements of version %i for nothing', (version) => {
  test('are no errors', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c', { version });
    client.send(
      acknowledgement('puback', 5),
      acknowledgement('pubcomp', 5),
      acknowledgement('pubrec', 6),
    );
    expect(await client.receive('pubrel')).toMatchObject({
      packetId: 6,
      reasonCode: version === 5 ? 0x92 : 0,
    });
    expect(await client.unread()).toEqual([]);
    expect(client.closed).toBe(false);
  });
});

test('a failing PUBREC for nothing is ignored', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  client.send(acknowledgement('pubrec', 6, 0x80));
  expect(await client.unread()).toEqual([]);
});

test('a message that the receiver refuses is counted', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world, true);
  await world.publish('a', 'x', { qos: 1 });
  const [message] = await client.messages();
  client.send(acknowledgement('puback', message?.packetId ?? 0, 0x99));
  await world.settle();
  expect(world.dropped('refused')).toBe(1);
});

test('PUBREL waits until the release is durable', async () => {
  const world = await startTestBroker();
  const client = await aSilentReader(world, true);
  await world.publish('a', 'x', { qos: 2 });
  const [message] = await client.messages();
  world.persistence.hold();
  client.send(acknowledgement('pubrec', message?.packetId ?? 0));
  expect(await client.unread()).toEqual([]);
  world.persistence.release();
  expect(await client.unread()).toEqual(['pubrel']);
});

test('a QoS 2 message leaves when it is durable, a QoS 1 message at once', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', durable);
  await client.subscribe('a');
  world.persistence.hold();
  const publisher = await world.connect('p');
  publisher.acknowledges = false;
  world.persistence.hold();
  void publisher.publish('a', 'one', { qos: 1 }).catch(() => {});
  expect(await client.payloads()).toEqual(['one']);
  void publisher.publish('a', 'two', { qos: 2 }).catch(() => {});
  void publisher.publish('a', 'three', { qos: 1 }).catch(() => {});
  expect(await client.payloads()).toEqual([]);
  world.persistence.release();
  expect(await client.payloads()).toEqual(['two', 'three']);
});

test('a pair of operations that cancel each other is not written', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', durable);
  await client.subscribe('a', { qos: 1 });
  const other = await world.connect('d', durable);
  await other.subscribe('b', { qos: 1 });
  await world.settle();
  world.persistence.hold();
  await world.connect('p').catch(() => undefined);
  void world.broker.publish({ topic: 'b', payload: 'first', qos: 1 });
  await world.settle();
  const before = world.persistence.commits.length;
  // The first commit is under way, so that the second collects: message and acknowledgement.
  void world.broker.publish({ topic: 'a', payload: 'x', qos: 1 });
  expect(await client.payloads()).toEqual(['x']);
  world.persistence.release();
  await world.settle();
  const later = world.persistence.commits.slice(before).flat();
  expect(later.map(({ type }) => type).filter((type) => type !== 'dequeue')).toEqual([]);
});

test('acknowledgements out of order are accepted', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c', durable);
  client.acknowledges = false;
  await client.subscribe('a', { qos: 1 });
  for (const payload of ['1', '2', '3', '4']) await world.publish('a', payload, { qos: 1 });
  const ids = (await client.messages()).map(({ packetId }) => packetId);
  for (const index of [2, 0, 3]) client.send(acknowledgement('puback', ids[index] ?? 0));
  await client.drop();
  const back = await world.connect('c', durable);
  expect(await back.messages()).toMatchObject([{ payload: '2', packetId: ids[1], dup: true }]);
});

test('packet identifiers go on past 65,535, around one that is still in use', async () => {
  const world = await startTestBroker({ limits: { maxInflightMessages: 10 } });
  const client = await world.connect('c');
  client.acknowledges = false;
  await client.subscribe('a', { qos: 1 });
  await client.subscribe('b', { qos: 1 });
  await world.publish('a', 'stuck', { qos: 1 });
  const [stuck] = await client.messages();
  const seen = new Set<number>([stuck?.packetId ?? 0]);
  let last = stuck?.packetId ?? 0;
  for (let sent = 0; sent < 65_534; sent += 9) {
    const count = Math.min(9, 65_534 - sent);
    for (let index = 0; index < count; index++) {
      void world.broker.publish({ topic: 'b', payload: 'x', qos: 1 });
    }
    for (const { packetId } of await client.messages()) {
      seen.add(packetId);
      last = packetId;
      client.send(acknowledgement('puback', packetId));
    }
  }
  await world.settle();
  // Each identifier was used once; the one in use was not given again.
  expect(seen.size).toBe(65_535);
  await world.publish('b', 'waits', { qos: 1 });
  expect(await client.messages()).toEqual([]);
  client.send(acknowledgement('puback', stuck?.packetId ?? 0));
  expect(await client.messages()).toMatchObject([
    { payload: 'waits', packetId: (last % 65_535) + 1 },
  ]);
});
