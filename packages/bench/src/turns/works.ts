import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import type { Broker } from '@sluice/core';
import { PacketType, type Qos } from '@sluice/packet';
import { formatNumber } from '../format.ts';
import type { LeapingClock } from './leaping-clock.ts';
import { quiet } from './quiet.ts';
import { encode, SilentClient, subscribeBytes } from './silent-client.ts';

const many = 100_000;
const wills = 10_000;
const drained = 1_000;
const leaving = 10_000;
const filters = 10;
const watching = 1_000;
const pipelined = 100;
const growing = 1_000_000;
const filtersPerPacket = 100;
const packetsPerTurn = 4;
const hourMs = 3_600_000;
const hugeItems = 200_000;
const chunkBytes = 64 * 1024;

/** Something that a broker without slices would do in one turn. */
interface Work {
  readonly name: string;
  /** Makes ready; what it returns is measured, and makes nothing that could be made before. */
  prepare(broker: Broker, clock: LeapingClock): Promise<() => void>;
}

/** What `turns` measures. */
export const works: readonly Work[] = [
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
  {
    name: `${pipelined} messages of QoS 0 to ${formatNumber(watching)} subscribers`,
    prepare: (broker) => pipeline(broker, 0),
  },
  {
    name: `${pipelined} messages of QoS 1 to ${formatNumber(watching)} subscribers`,
    prepare: (broker) => pipeline(broker, 1),
  },
  { name: `${formatNumber(many)} retained messages for one subscriber`, prepare: replay },
  {
    name: `${formatNumber(many)} queued messages for ${formatNumber(drained)} clients`,
    prepare: drain,
  },
  { name: `${formatNumber(wills)} wills at once`, prepare: willsAtOnce },
  {
    name: `${formatNumber(leaving)} sessions with ${filters} subscriptions expire at once`,
    prepare: expire,
  },
  {
    name: `${formatNumber(leaving)} clients with ${filters} subscriptions leave at once`,
    prepare: leave,
  },
  {
    name: `${formatNumber(growing)} subscriptions without wildcards`,
    prepare: (broker) => grow(broker, (index) => `s/${index % 1_000}/${index}/x`),
  },
  {
    name: `${formatNumber(growing)} subscriptions with wildcards`,
    prepare: (broker) => grow(broker, (index) => `s/+/${index}/x`),
  },
  { name: 'SUBSCRIBE packets of 100 filters, 64 KB of them', prepare: subscribeAll },
  { name: `a SUBSCRIBE of ${formatNumber(hugeItems)} filters`, prepare: subscribeHuge },
  { name: `a PUBLISH with ${formatNumber(hugeItems)} user properties`, prepare: publishHuge },
];

async function fanOut(broker: Broker, qos: Qos, areConnected: boolean): Promise<() => void> {
  for (let index = 0; index < many; index++) {
    const sessionExpiryInterval = areConnected ? 0 : 3_600;
    const client = new SilentClient(broker, `client-${index}`);
    client.connect({ sessionExpiryInterval }).subscribe(['news'], qos);
    if (index % 100 === 0) await nextTurn();
    if (!areConnected) setImmediate(() => client.stream.destroy());
  }
  return () =>
    void broker.publish({ topic: 'news', payload: 'something to be said', qos }).catch(() => {});
}

async function pipeline(broker: Broker, qos: Qos): Promise<() => void> {
  for (let index = 0; index < watching; index++) {
    new SilentClient(broker, `client-${index}`).connect().subscribe(['news'], qos);
    if (index % 100 === 0) await nextTurn();
  }
  const publisher = new SilentClient(broker, 'publisher').connect();
  const messages = Array.from({ length: pipelined }, (_, index) =>
    encode({
      type: PacketType.publish,
      topic: 'news',
      payload: Buffer.from('something to be said'),
      qos,
      retain: false,
      dup: false,
      packetId: qos === 0 ? 0 : index + 1,
      properties: {},
    }),
  );
  const chunk = Buffer.concat(messages);
  return () => void publisher.send(chunk);
}

async function replay(broker: Broker): Promise<() => void> {
  for (let index = 0; index < many; index++) {
    const topic = `house/${index % 100}/room/${index}`;
    await broker.publish({ topic, payload: 'something', retain: true });
  }
  const client = new SilentClient(broker, 'client').connect();
  await quiet(broker);
  return () => void client.subscribe(['house/#'], 1);
}

async function drain(broker: Broker): Promise<() => void> {
  const terms = { sessionExpiryInterval: 3_600 };
  for (let index = 0; index < drained; index++) {
    const client = new SilentClient(broker, `client-${index}`);
    client.connect(terms).subscribe(['news'], 1);
    await nextTurn();
    client.stream.destroy();
  }
  for (let index = 0; index < many / drained; index++) {
    await broker.publish({ topic: 'news', payload: 'something', qos: 1 });
  }
  await quiet(broker);
  const back = Array.from({ length: drained }, (_, index) => {
    const client = new SilentClient(broker, `client-${index}`);
    return { client, bytes: client.connectBytes(terms) };
  });
  return () => {
    for (const { client, bytes } of back) client.send(bytes);
  };
}

async function willsAtOnce(broker: Broker, clock: LeapingClock): Promise<() => void> {
  new SilentClient(broker, 'watcher').connect().subscribe(['gone/#'], 0);
  const terms = { sessionExpiryInterval: 7_200, willDelayInterval: 3_600 };
  await comeAndGo(broker, wills, (client) => client.connect(terms));
  return () => clock.leap(hourMs);
}

async function expire(broker: Broker, clock: LeapingClock): Promise<() => void> {
  await comeAndGo(broker, leaving, (client, index) => {
    client.connect({ sessionExpiryInterval: 3_600 }).subscribe(ownFilters(index), 1);
  });
  return () => clock.leap(hourMs);
}

/** Streams end one after the other in one turn, as they do when a network is cut. */
async function leave(broker: Broker): Promise<() => void> {
  const streams: SilentClient['stream'][] = [];
  for (let index = 0; index < leaving; index++) {
    const client = new SilentClient(broker, `client-${index}`).connect();
    streams.push(client.subscribe(ownFilters(index), 1).stream);
    if (index % 100 === 0) await nextTurn();
  }
  return () => {
    for (const stream of streams) stream.emit('end');
  };
}

/** Each table of filters grows as often as it ever does for so many. A few clients a turn subscribe: it is not about them. */
async function grow(broker: Broker, filterOf: (index: number) => string): Promise<() => void> {
  const packets: { readonly client: SilentClient; readonly bytes: Uint8Array }[] = [];
  for (let index = 0; index < growing; index += filtersPerPacket) {
    const clientId = `client-${index / filtersPerPacket}`;
    const client = new SilentClient(broker, clientId).connect();
    const filters = Array.from({ length: filtersPerPacket }, (_, next) => filterOf(index + next));
    packets.push({ client, bytes: subscribeBytes(filters, 1) });
    if (packets.length % 100 === 0) await nextTurn();
  }
  return () => {
    const { port1, port2 } = new MessageChannel();
    const sendSome = (): void => {
      for (const { client, bytes } of packets.splice(-packetsPerTurn)) client.send(bytes);
      if (packets.length > 0) setImmediate(() => port2.postMessage(undefined));
      else port2.close();
    };
    // As bytes of a network, it comes before the end of a turn, where an immediate comes behind it.
    port1.on('message', sendSome);
    port2.postMessage(undefined);
  };
}

async function subscribeAll(broker: Broker): Promise<() => void> {
  const client = new SilentClient(broker, 'client').connect();
  const packet = subscribeBytes(
    Array.from({ length: filtersPerPacket }, (_, index) => `${index}`),
    1,
  );
  const copies = Math.floor(chunkBytes / packet.length);
  const chunk = Buffer.concat(Array.from({ length: copies }, () => packet));
  await quiet(broker);
  return () => void client.send(chunk);
}

async function subscribeHuge(broker: Broker): Promise<() => void> {
  const client = new SilentClient(broker, 'client').connect();
  const packet = subscribeBytes(
    Array.from({ length: hugeItems }, () => 'a'),
    1,
  );
  await quiet(broker);
  return () => void client.send(packet);
}

async function publishHuge(broker: Broker): Promise<() => void> {
  const client = new SilentClient(broker, 'client').connect();
  const packet = encode({
    type: PacketType.publish,
    topic: 'news',
    payload: Buffer.alloc(0),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: { userProperties: Array.from({ length: hugeItems }, () => ['', ''] as const) },
  });
  await quiet(broker);
  return () => void client.send(packet);
}

/** Clients whose sessions go on without them. */
async function comeAndGo(
  broker: Broker,
  count: number,
  come: (client: SilentClient, index: number) => void,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const client = new SilentClient(broker, `client-${index}`);
    come(client, index);
    setImmediate(() => client.stream.destroy());
    if (index % 100 === 0) await nextTurn();
  }
}

function ownFilters(client: number): string[] {
  return Array.from({ length: filters }, (_, index) => `${index}/${client}`);
}
