import { Duplex } from 'node:stream';
import { encodePacket, PacketType } from '@sluice/packet';
import { expect, test } from 'vitest';
import {
  aWill,
  connectPacket,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';

const disconnect = Buffer.from([PacketType.disconnect << 4, 0]);

/** A stream that takes everything, and tells when it is ended. */
class Watched extends Duplex {
  onEnd: () => void = () => {};

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }

  override end(): this {
    this.onEnd();
    return super.end();
  }
}

/** Streams say that they end in a tick of their own. */
function nextTicks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function manyClients(
  world: Awaited<ReturnType<typeof startTestBroker>>,
  count: number,
): Promise<Watched[]> {
  const streams = Array.from({ length: count }, (_, index) => {
    const stream = new Watched();
    world.broker.handle(stream);
    stream.push(encodePacket(connectPacket(5, { clientId: `c${index}` }), 5));
    return stream;
  });
  await nextTicks();
  await world.settle();
  return streams;
}

test.each([
  ['also when others have their turn', true],
  // As sockets are that Node accepts.
  ['also on a stream that would end by itself', false],
])(
  'what a client sent before it closed is handled before the broker closes, %s',
  async (_, allowHalfOpen) => {
    const world = await startTestBroker({ limits: { maxBytesPerTurn: 1_024 } });
    const watcher = await world.connect('watcher');
    await watcher.subscribe('will');
    const clientsThen: number[] = [];
    const stream = new Watched({ allowHalfOpen });
    stream.onEnd = () => clientsThen.push(world.broker.stats.clients);
    world.broker.handle(stream);
    stream.push(encodePacket(connectPacket(5, { clientId: 'c', will: aWill('will', 'x') }), 5));
    await world.settle();
    // More than the turn has room for, so that the next chunk is put off; the end comes before its turn.
    stream.emit('data', encodePacket(publishPacket('other', 'x'.repeat(2_000)), 5));
    stream.emit('data', disconnect);
    stream.push(null);
    await nextTicks();
    await world.settle();
    expect(clientsThen).toEqual([1]);
    expect(await watcher.payloads()).toEqual([]);
  },
);

test('who sends all at once and closes is heard, also when the turn is over', async () => {
  const world = await startTestBroker();
  const watcher = await world.connect('watcher');
  await watcher.subscribe('news');
  const [busy, brief] = [new Watched(), new Watched()];
  world.broker.handle(busy);
  world.broker.handle(brief);
  const { environment } = world;
  const monotonic = environment.monotonic.bind(environment);
  // Every look at the clock costs time here.
  environment.monotonic = () => {
    environment.block(2);
    return monotonic();
  };
  busy.emit('data', encodePacket(connectPacket(5, { clientId: 'busy' }), 5));
  brief.emit('data', encodePacket(connectPacket(5, { clientId: 'brief' }), 5));
  brief.emit('data', encodePacket(publishPacket('news', 'x'), 5));
  brief.emit('data', disconnect);
  brief.emit('end');
  environment.monotonic = monotonic;
  await world.settle();
  expect(await watcher.payloads()).toEqual(['x']);
});

test('who sends more than its bytes of a turn lets others go first', async () => {
  const world = await startTestBroker({ limits: { maxBytesPerTurn: 1_024 } });
  const watcher = await world.connect('watcher');
  await watcher.subscribe('#');
  const loud = await world.connect('loud');
  const other = await world.connect('other');
  const half = 'x'.repeat(600);
  for (const topic of ['loud/1', 'loud/2', 'loud/3', 'loud/4', 'loud/5'])
    loud.stream.emit('data', encodePacket(publishPacket(topic, half), 5));
  other.stream.emit('data', encodePacket(publishPacket('other', half), 5));
  await world.settle();
  const topics = (await watcher.messages()).map(({ topic }) => topic);
  expect(topics).toEqual(['loud/1', 'loud/2', 'other', 'loud/3', 'loud/4', 'loud/5']);
});

test('thousands who leave at once do so over several turns, and their wills are published', async () => {
  const world = await startTestBroker({ limits: { receiveMaximum: 100 } });
  const watcher = await world.connect('watcher');
  await watcher.subscribe('gone/+');
  const streams: Watched[] = [];
  for (let index = 0; index < 40; index++) {
    const stream = new Watched();
    world.broker.handle(stream);
    const will = aWill(`gone/${index}`, `${index}`);
    stream.push(encodePacket(connectPacket(5, { clientId: `c${index}`, will }), 5));
    streams.push(stream);
  }
  await world.settle();
  let left = 0;
  world.broker.on('disconnected', () => {
    world.environment.block(1);
    left++;
  });
  for (const stream of streams) stream.emit('end');
  expect(left).toBeLessThan(10);
  world.environment.runTurn();
  expect(left).toBeLessThan(20);
  await world.settle();
  expect(left).toBe(40);
  expect(await watcher.payloads()).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`));
});

test('of hundreds who leave in one turn only some are heard in it, however quick that is, and each once', async () => {
  const world = await startTestBroker();
  const streams = await manyClients(world, 300);
  const left: string[] = [];
  world.broker.on('disconnected', ({ client }) => void left.push(client.clientId));
  for (const stream of streams) {
    stream.emit('end');
    stream.destroy();
  }
  const atOnce = left.length;
  expect(atOnce).toBeGreaterThan(0);
  expect(atOnce).toBeLessThan(100);
  await world.settle();
  expect(left).toEqual(streams.map((_, index) => `c${index}`));
  expect(world.broker.stats).toMatchObject({ connections: 0, clients: 0 });
});

test('a broker that is closed has heard of all who left before', async () => {
  const world = await startTestBroker();
  const streams = await manyClients(world, 300);
  let left = 0;
  world.broker.on('disconnected', ({ by }) => {
    if (by === 'network') left++;
  });
  for (const stream of streams) stream.destroy();
  await nextTicks();
  expect(left).toBeLessThan(100);
  const closed = world.broker.close();
  await world.settle();
  await closed;
  expect(left).toBe(300);
});

test.each([
  [
    'SUBSCRIBE',
    subscribePacket(
      1,
      ['a', 'b'].map((filter) => subscription(filter)),
    ),
  ],
  ['UNSUBSCRIBE', unsubscribePacket(1, ['a', 'b'])],
])('%s takes long: others have their turn before many more of it', async (_, packet) => {
  const handled: (string | undefined)[] = [];
  const listening = aPlugin((context) =>
    context.hook('packetReceived', ({ client }) => void handled.push(client?.clientId)),
  );
  const world = await startTestBroker({ plugins: [listening] });
  const [many, other] = [await world.connect('many'), await world.connect('other')];
  handled.length = 0;
  const { environment } = world;
  const monotonic = environment.monotonic.bind(environment);
  environment.monotonic = () => {
    environment.block(1);
    return monotonic();
  };
  const bytes = encodePacket(packet, 5);
  many.stream.emit('data', Buffer.concat(Array.from({ length: 20 }, () => bytes)));
  environment.monotonic = monotonic;
  other.stream.emit('data', encodePacket(publishPacket('news', 'x'), 5));
  await world.settle();
  expect(handled.length).toBe(21);
  expect(handled.indexOf('other')).toBeLessThan(10);
});

test('a stream is told when its CONNECT is accepted, and only then', async () => {
  const world = await startTestBroker({ limits: { maxClientIdBytes: 23 } });
  const told: string[] = [];
  for (const clientId of ['accepted', 'x'.repeat(24)]) {
    const stream = new Watched();
    stream.on('mqttAccepted', () => told.push(clientId));
    world.broker.handle(stream);
    await world.settle();
    expect(told).not.toContain(clientId);
    stream.push(encodePacket(connectPacket(5, { clientId }), 5));
    await world.settle();
  }
  expect(told).toEqual(['accepted']);
});

test('messages to many receivers take long: others have their turn before many more of them', async () => {
  const world = await startTestBroker();
  const watching: TestClient[] = [];
  for (let count = 0; count < 20; count++) watching.push(await world.connect(`watching-${count}`));
  for (const client of watching) await client.subscribe('#');
  const [many, other] = [await world.connect('many'), await world.connect('other')];
  const { environment } = world;
  const monotonic = environment.monotonic.bind(environment);
  environment.monotonic = () => {
    environment.block(1);
    return monotonic();
  };
  const names = Array.from({ length: 20 }, (_, index) => `${index}`);
  const bytes = names.map((name) => encodePacket(publishPacket('news', name), 5));
  many.stream.emit('data', Buffer.concat(bytes));
  environment.monotonic = monotonic;
  other.stream.emit('data', encodePacket(publishPacket('news', 'other'), 5));
  await world.settle();
  for (const client of watching) {
    const payloads = await client.payloads();
    expect(payloads.indexOf('other')).toBeLessThan(10);
    expect(payloads.filter((payload) => payload !== 'other')).toEqual(names);
  }
});
