import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { createBroker } from '@sluice/core';
import { Aedes, type AedesOptions } from 'aedes';
import { type IClientOptions, MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { fromAedes } from '../src/from-aedes.ts';
import type { FromAedesOptions } from '../src/handlers.ts';

/** A broker with the handlers under test: Aedes, or Sluice with `fromAedes`. */
export interface Side {
  readonly name: 'aedes' | 'sluice';
  readonly errors: Error[];
  handle(stream: Duplex): void;
}

async function aedes({ on = {}, ...handlers }: FromAedesOptions): Promise<Side> {
  const broker = await Aedes.createBroker(handlers as AedesOptions);
  for (const [event, listener] of Object.entries(on))
    broker.on(event as 'closed', listener as () => void);
  onTestFinished(() => new Promise<void>((resolve) => broker.close(resolve)));
  return { name: 'aedes', errors: [], handle: broker.handle };
}

async function sluice(handlers: FromAedesOptions): Promise<Side> {
  const broker = await createBroker({ plugins: [fromAedes(handlers)] });
  const errors: Error[] = [];
  broker.on('error', (error) => errors.push(error));
  onTestFinished(() => broker.close({ graceMs: 0 }));
  return { name: 'sluice', errors, handle: broker.handle };
}

export const sides: { readonly aedes: typeof aedes; readonly sluice: typeof sluice } = {
  aedes,
  sluice,
};

/** A client of MQTT.js on a broker, and what became of its CONNECT: 'connected', 'closed', or the return code. */
export interface Visitor {
  readonly client: MqttClient;
  readonly outcome: 'connected' | 'closed' | number;
  /** `topic payload` of each message. */
  readonly messages: string[];
  readonly closed: Promise<unknown>;
}

export async function visit(side: Side, options: Partial<IClientOptions> = {}): Promise<Visitor> {
  const [near, far] = duplexPair();
  const client = new MqttClient(() => near, {
    protocolVersion: 4,
    clientId: 'visitor',
    keepalive: 0,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    ...options,
  });
  onTestFinished(() => {
    client.end(true);
    near.destroy();
  });
  // A pair does not pass the end of one side on, as a socket would.
  far.once('close', () => near.destroy());
  near.once('close', () => far.destroy());
  const messages: string[] = [];
  client.on('message', (topic, payload) => messages.push(`${topic} ${payload}`));
  const closed = once(near, 'close');
  let outcome: Visitor['outcome'] = 'closed';
  const known = new Promise<void>((resolve) => {
    client.once('connect', () => {
      outcome = 'connected';
      resolve();
    });
    client.on('error', (error) => {
      if ('code' in error && typeof error.code === 'number') outcome = error.code;
    });
    client.once('close', () => resolve());
  });
  side.handle(far);
  await known;
  return { client, outcome, messages, closed };
}

/** Publishes with QoS 1: 'acknowledged', or 'closed' when the broker ends the connection instead. */
export async function publish(
  { client, closed }: Visitor,
  topic: string,
  payload = '',
): Promise<string> {
  const acknowledged = client.publishAsync(topic, payload, { qos: 1 }).then(
    () => 'acknowledged',
    () => 'closed',
  );
  return Promise.race([acknowledged, closed.then(() => 'closed')]);
}

/** Subscribes: the granted QoS or 128 of each filter, or 'closed'. */
export async function subscribe(
  { client, closed }: Visitor,
  filters: string | string[],
  qos: 0 | 1 | 2 = 0,
): Promise<unknown> {
  const granted = new Promise((resolve) => {
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'suback') resolve(packet.granted);
    });
    client.subscribe(filters, { qos }, () => {});
  });
  return Promise.race([granted, closed.then(() => 'closed')]);
}

/** Waits until all that was published before has arrived at a visitor, and returns what came. */
export async function received(side: Side, visitor: Visitor): Promise<string[]> {
  const publisher = await visit(side, { clientId: `marker-${Math.random()}` });
  await subscribe(visitor, 'marker');
  const arrived = new Promise<void>((resolve) => {
    visitor.client.on('message', (topic) => {
      if (topic === 'marker') resolve();
    });
  });
  publisher.client.publish('marker', '');
  await arrived;
  return visitor.messages.filter((message) => message !== 'marker ');
}
