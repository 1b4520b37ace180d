import type { Duplex } from 'node:stream';
import type { ProtocolVersion } from '@sluice/packet';
import { type IClientOptions, MqttClient } from 'mqtt';
import { expect } from 'vitest';
import type { Subscriber } from './client-kind.ts';
import { connecting, subscribed, versionOptions } from './mqtt-js-kind.ts';

/** Makes a new connection to a broker; the stream is the client's side. */
export type Dial = () => Duplex;

/** Takes MQTT.js through all that a stream has to carry: messages small and large, both ways, and its end. */
export async function tryStream(dial: Dial, version: ProtocolVersion = 5): Promise<void> {
  const join = (options: IClientOptions) =>
    connecting(new MqttClient(() => dial(), { ...versionOptions(version), ...options }));
  const subscribe = async (filter: string, options: IClientOptions): Promise<Subscriber> => {
    const { client, connected } = join(options);
    return await subscribed(client, connected, { filter, qos: 2, clientId: '' }, version);
  };

  const subscriber = await subscribe('stream/#', { clientId: 'subscriber' });
  const { client: publisher, connected } = join({ clientId: 'publisher' });
  await connected;
  for (const qos of [0, 1, 2] as const) {
    await publisher.publishAsync(`stream/${qos}`, `at ${qos}`, { qos });
    const wanted = { topic: `stream/${qos}`, payload: `at ${qos}`, qos };
    expect(await subscriber.next()).toMatchObject(wanted);
  }

  // More than any buffer on the way holds, many packets in flight.
  const payloads = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(100_000));
  await Promise.all(
    payloads.map((payload) => publisher.publishAsync('stream/large', payload, { qos: 1 })),
  );
  const received = await subscriber.take(payloads.length);
  expect(received.map(({ payload }) => payload)).toEqual(payloads);

  await publisher.publishAsync('kept', 'retained', { qos: 1, retain: true });
  const late = await subscribe('kept', { clientId: 'late' });
  expect(await late.next()).toMatchObject({ payload: 'retained', retain: true });

  const will = {
    topic: 'stream/will',
    payload: Buffer.from('gone'),
    qos: 1,
    retain: false,
  } as const;
  const mortal = await subscribe('mortal', { clientId: 'mortal', will });
  await mortal.kill();
  expect(await subscriber.next()).toMatchObject({ topic: 'stream/will', payload: 'gone' });

  await Promise.all([late.end(), subscriber.end(), publisher.endAsync()]);
}
