import { afterEach, expect, it } from 'vitest';
import * as tenants from '../../docs/examples/plugins/tenants.ts';
import type { Running } from '../../docs/examples/serve.ts';
import { cutOff, type Guest, join } from './guest.ts';

let running: Running;

afterEach(() => running.close());

/** Joins as somebody of a tenant; the client identifier is the same for all of them. */
function joinAs(username: string, options: object = {}): Promise<Guest> {
  return join(running.port, { clientId: 'plc-1', username, ...options });
}

it('keeps tenants apart, who use the same names', async () => {
  running = await tenants.start({ port: 0 });
  const acme = await joinAs('anna@acme');
  const globex = await joinAs('ben@globex');
  for (const { client } of [acme, globex]) await client.subscribeAsync('#', { qos: 1 });

  await acme.client.publishAsync('home/light', 'on', { qos: 1 });
  await globex.client.publishAsync('home/light', 'off', { qos: 1 });
  expect(await acme.next()).toBe('home/light on');
  expect(await globex.next()).toBe('home/light off');

  // Names of another tenant are topics like any other.
  await acme.client.publishAsync('globex/home/light', 'on', { qos: 1 });
  await globex.client.publishAsync('end', '', { qos: 1 });
  expect(await acme.next()).toBe('globex/home/light on');
  expect(await globex.next()).toBe('end ');
  await Promise.all([acme.client.endAsync(), globex.client.endAsync()]);
});

it('lets the application see all of them', async () => {
  running = await tenants.start({ port: 0 });
  const { client, next } = await joinAs('anna@acme');
  await client.subscribeAsync('home/+', { qos: 1 });
  await running.broker.publish({ topic: 'acme/home/light', payload: 'on', qos: 1 });
  expect(await next()).toBe('home/light on');
  const seen = running.broker.subscribe('#');
  await client.publishAsync('home/light', 'off', { qos: 1 });
  for await (const { topic } of seen) {
    expect(topic).toBe('acme/home/light');
    break;
  }
  await client.endAsync();
});

it('unsubscribes by the name that the client knows', async () => {
  running = await tenants.start({ port: 0 });
  const { client, next } = await joinAs('anna@acme');
  await client.subscribeAsync(['home/+', 'end'], { qos: 1 });
  await client.unsubscribeAsync('home/+');
  await client.publishAsync('home/light', 'on', { qos: 1 });
  await client.publishAsync('end', '', { qos: 1 });
  expect(await next()).toBe('end ');
  await client.endAsync();
});

it('holds for retained messages, shared subscriptions and queues', async () => {
  running = await tenants.start({ port: 0 });
  const away = { clean: false, clientId: 'away', properties: { sessionExpiryInterval: 60 } };
  const phone = await joinAs('anna@acme', away);
  await phone.client.subscribeAsync('$share/phones/home/+', { qos: 1 });
  await phone.client.endAsync();

  const acme = await joinAs('anna@acme');
  await acme.client.publishAsync('home/light', 'on', { qos: 1, retain: true });
  const globex = await joinAs('ben@globex');
  await globex.client.subscribeAsync('#', { qos: 1 });
  await globex.client.publishAsync('end', '', { qos: 1 });
  expect(await globex.next()).toBe('end ');
  await acme.client.subscribeAsync('home/#', { qos: 1 });
  expect(await acme.next()).toBe('home/light on');

  const back = await joinAs('anna@acme', away);
  expect(await back.next()).toBe('home/light on');
  await Promise.all([acme, globex, back].map(({ client }) => client.endAsync()));
});

it('holds for wills and for requests', async () => {
  running = await tenants.start({ port: 0 });
  const will = {
    topic: 'status/plc-1',
    payload: Buffer.from('gone'),
    qos: 1,
    retain: true,
  } as const;
  const mortal = await joinAs('anna@acme', { will });
  const server = await joinAs('carl@acme', { clientId: 'server' });
  await server.client.subscribeAsync(['status/+', 'ask'], { qos: 1 });
  await mortal.client.subscribeAsync('answers/plc-1', { qos: 1 });

  const properties = { responseTopic: 'answers/plc-1' };
  await mortal.client.publishAsync('ask', 'time?', { qos: 1, properties });
  const request = await server.inbox.next();
  expect(request.properties?.responseTopic).toBe('answers/plc-1');
  await server.client.publishAsync('answers/plc-1', 'noon', { qos: 1 });
  expect(await mortal.next()).toBe('answers/plc-1 noon');

  await cutOff(mortal);
  expect(await server.next()).toBe('status/plc-1 gone');
  await server.client.endAsync();
});

it('refuses who belongs to no tenant, or has no name', async () => {
  running = await tenants.start({ port: 0 });
  await expect(joinAs('mallory@initech')).rejects.toThrow('Bad User Name');
  await expect(joinAs('acme')).rejects.toThrow('Bad User Name');
  await expect(join(running.port)).rejects.toThrow('Bad User Name');
  await expect(joinAs('anna@acme', { clientId: '' })).rejects.toThrow(
    'Client Identifier not valid',
  );
  const { client } = await joinAs('anna@acme');
  await expect(client.publishAsync('$internal', '', { qos: 1 })).rejects.toThrow('Topic Name');
  await client.endAsync();
});
