import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, createBroker, type Limits } from '@sluice/core';
import { encodePacket, type Packet, PacketType, type Qos } from '@sluice/packet';
import { columns, formatNumber } from '../format.ts';
import { SilentStream } from './silent-stream.ts';
import { TurnWatch } from './turn-watch.ts';

const many = 100_000;
const wills = 10_000;
const drained = 1_000;
const leaving = 10_000;
const filters = 10;
const quietMs = 300;

/** Something that a broker without slices would do in one turn. */
interface Work {
  readonly name: string;
  readonly limits?: Partial<Limits>;
  /** Makes ready; what it returns is measured. */
  prepare(broker: Broker): Promise<() => void>;
}

const works: readonly Work[] = [
  {
    name: `QoS 0 to ${formatNumber(many)} connected subscribers`,
    prepare: (broker) => fanOut(broker, 0, true),
  },
  {
    name: `QoS 1 to ${formatNumber(many)} connected subscribers`,
    prepare: (broker) => fanOut(broker, 1, true),
  },
  {
    name: `QoS 1 to ${formatNumber(many)} stored sessions that are away`,
    prepare: (broker) => fanOut(broker, 1, false),
  },
  { name: `${formatNumber(many)} retained messages for one subscriber`, prepare: replay },
  {
    name: `${formatNumber(many)} queued messages for ${formatNumber(drained)} clients`,
    prepare: drain,
  },
  { name: `${formatNumber(wills)} wills at once`, prepare: willsAtOnce },
  {
    name: `${formatNumber(leaving)} clients with ${filters} subscriptions leave at once`,
    prepare: leave,
  },
];

/** Shows how long one turn of the event loop is held by what a broker may have to do at once. */
export async function turnsCommand(words: readonly string[]): Promise<number> {
  const rows = [['', 'longest turn, ms', 'p99', 'its own, longest', 'collection', 'turns', 'took']];
  for (const work of works) {
    if (words.length > 0 && !words.some((word) => work.name.includes(word))) continue;
    rows.push([work.name, ...(await measure(work))]);
  }
  console.log(columns(rows));
  return 0;
}

async function measure(work: Work): Promise<string[]> {
  const broker = await createBroker({
    limits: { maxSessions: 2 * many, maxConnections: 2 * many, ...work.limits },
  });
  const begin = await work.prepare(broker);
  await quiet(broker);
  globalThis.gc?.();
  const watch = new TurnWatch();
  await nextTurn();
  const began = performance.now();
  begin();
  const ended = await quiet(broker);
  const { longestMs, p99Ms, longestOwnMs, longestCollectionMs, turns } = await watch.stop();
  void broker.close({ graceMs: 0 });
  await quiet(broker);
  const figures = [longestMs, p99Ms, longestOwnMs, longestCollectionMs];
  return [...figures.map((figure) => figure.toFixed(1)), `${turns}`, (ended - began).toFixed(0)];
}

/** Resolves when nothing was sent or stored for a while: when the last of it was. */
async function quiet({ stats }: Broker): Promise<number> {
  let last = performance.now();
  let seen = '';
  while (performance.now() - last < quietMs) {
    const now = `${stats.bytesSent} ${stats.messagesSent} ${stats.sessions} ${stats.connections}`;
    if (now !== seen) last = performance.now();
    seen = now;
    await nextTurn();
  }
  return last;
}

async function fanOut(broker: Broker, qos: Qos, areConnected: boolean): Promise<() => void> {
  for (let index = 0; index < many; index++) {
    const stream = connect(broker, `client-${index}`, areConnected ? 0 : 3_600);
    subscribe(stream, 'news', qos);
    if (index % 100 === 0) await nextTurn();
    if (!areConnected) setImmediate(() => stream.destroy());
  }
  return () =>
    void broker.publish({ topic: 'news', payload: 'something to be said', qos }).catch(() => {});
}

async function replay(broker: Broker): Promise<() => void> {
  for (let index = 0; index < many; index++) {
    const topic = `house/${index % 100}/room/${index}`;
    await broker.publish({ topic, payload: 'something', retain: true });
  }
  const stream = connect(broker, 'client', 0);
  await quiet(broker);
  return () => subscribe(stream, 'house/#', 1);
}

async function drain(broker: Broker): Promise<() => void> {
  for (let index = 0; index < drained; index++) {
    const stream = connect(broker, `client-${index}`, 3_600);
    subscribe(stream, 'news', 1);
    await nextTurn();
    stream.destroy();
  }
  for (let index = 0; index < many / drained; index++) {
    await broker.publish({ topic: 'news', payload: 'something', qos: 1 });
  }
  await quiet(broker);
  return () => {
    for (let index = 0; index < drained; index++) connect(broker, `client-${index}`, 3_600);
  };
}

async function willsAtOnce(broker: Broker): Promise<() => void> {
  const watcher = connect(broker, 'watcher', 0);
  await nextTurn();
  subscribe(watcher, 'gone/#', 1);
  const dueAt = performance.now() + 10_000;
  for (let index = 0; index < wills; index++) {
    const delay = Math.max(1, Math.round((dueAt - performance.now()) / 1_000));
    const stream = connect(broker, `client-${index}`, 3_600, delay);
    setImmediate(() => stream.destroy());
    if (index % 100 === 0) await nextTurn();
  }
  return () => {};
}

/** Streams end one after the other in one turn, as they do when a network is cut. */
async function leave(broker: Broker): Promise<() => void> {
  const streams: SilentStream[] = [];
  for (let index = 0; index < leaving; index++) {
    const stream = connect(broker, `client-${index}`, 0);
    for (let filter = 0; filter < filters; filter++) subscribe(stream, `${filter}/${index}`, 1);
    streams.push(stream);
    if (index % 100 === 0) await nextTurn();
  }
  return () => {
    for (const stream of streams) stream.emit('end');
  };
}

function connect(
  broker: Broker,
  clientId: string,
  sessionExpiryInterval: number,
  willDelayInterval = 0,
): SilentStream {
  const stream = new SilentStream();
  broker.handle(stream);
  const will = {
    topic: `gone/${clientId}`,
    payload: Buffer.from('gone'),
    qos: 1,
    retain: true,
    properties: { willDelayInterval },
  } as const;
  send(stream, {
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: false,
    keepAlive: 0,
    clientId,
    properties: { sessionExpiryInterval, receiveMaximum: 1_000 },
    ...(willDelayInterval > 0 && { will }),
  });
  return stream;
}

function subscribe(stream: SilentStream, filter: string, qos: Qos): void {
  const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  send(stream, {
    type: PacketType.subscribe,
    packetId: 1,
    properties: {},
    subscriptions: [{ filter, qos, ...options }],
  });
}

function send(stream: SilentStream, packet: Packet): void {
  stream.push(encodePacket(packet, 5));
}
