// Section 4.11 and the other ends that only the application of a broker can bring about.
import { ReasonCode } from '@sluice/packet';
import { redirect } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { aWill } from '../../packages/core/test/support/packets.ts';
import { aPlugin, startTestBroker } from '../../packages/core/test/support/test-broker.ts';
import { covers } from './covers.ts';

describe('server redirection', () => {
  covers('5.0', 'MQTT-3.2.2-7', 'MQTT-4.13.2-1', 'MQTT-3.14.2-1', 'MQTT-3.14.4-2');
  covers('3.1.1', 'MQTT-3.2.2-4', 'MQTT-3.2.2-5');

  test.each([
    ['for now', ReasonCode.useAnotherServer],
    ['for ever', ReasonCode.serverMoved],
  ] as const)('in CONNACK, %s', async (_, reasonCode) => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('authenticate', () => redirect('[::1]:1884 b.example', reasonCode)),
        ),
      ],
    });
    const client = world.client();
    const connack = await client.connect({ clientId: 'c', cleanStart: false });
    expect(connack).toMatchObject({
      reasonCode,
      sessionPresent: false,
      properties: { serverReference: '[::1]:1884 b.example' },
    });
    expect(client.closed).toBe(true);
  });

  test('in CONNACK of 3.1.1 has a code of 3.1.1', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', () => redirect('b.example')))],
    });
    const client = world.client(4);
    const connack = await client.connect({ clientId: 'c' });
    expect(connack.reasonCode).toBeGreaterThanOrEqual(1);
    expect(connack.reasonCode).toBeLessThanOrEqual(5);
    expect(connack.sessionPresent).toBe(false);
    expect(client.closed).toBe(true);
  });

  test('in DISCONNECT, of a broker that closes', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    const old = await world.connect('d', { version: 4 });
    const closing = world.broker.close({ serverReference: 'b.example:1883' });
    await world.settle();
    await closing;
    expect(await client.receive('disconnect')).toMatchObject({
      reasonCode: 0x9c,
      properties: { serverReference: 'b.example:1883' },
    });
    expect(client.closed).toBe(true);
    expect(await old.unread()).toEqual([]);
    expect(old.closed).toBe(true);
  });
});

describe('the broker ends a connection', () => {
  covers('5.0', 'MQTT-3.1.2-8', 'MQTT-3.14.2-1', 'MQTT-3.14.2-2', 'MQTT-3.14.4-2');
  covers('3.1.1', 'MQTT-3.1.2-8');

  test.each([
    ['of one client, as an administrator', 5, 0x98],
    ['of one client, as an administrator', 4, undefined],
    ['of all clients, as it closes', 5, 0x8b],
    ['of all clients, as it closes', 4, undefined],
  ] as const)('%s: version %i hears %s, and the will counts', async (how, version, code) => {
    const wills: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => context.hook('will', ({ message }) => void wills.push(message.topic))),
      ],
    });
    const client = await world.connect('c', { version, will: aWill('will') });
    if (how.includes('one client')) world.broker.disconnect('c');
    else void world.broker.close();
    await world.settle();
    const says = (await client.unread()).filter((name) => name !== 'connack');
    expect(says).toEqual(code === undefined ? [] : ['disconnect']);
    expect(client.disconnectCode).toBe(code);
    expect(client.closed).toBe(true);
    expect(wills).toEqual(['will']);
  });
});

describe('what the broker fails at itself', () => {
  covers('3.1.1', 'MQTT-4.8.0-2');
  covers('5.0', 'MQTT-4.13.2-1');

  test.each([3, 4, 5] as const)('ends the connection it came on, version %i', async (version) => {
    const world = await startTestBroker();
    const properties = version === 5 ? { sessionExpiryInterval: 60 } : {};
    const durable = { version, cleanStart: false, properties };
    const session = await world.connect('s', durable);
    await session.subscribe('t', { qos: 1 });
    await session.drop();
    await world.publish('t', 'x', { qos: 1 });
    const bystander = await world.connect('b', { version });
    world.persistence.readFailure = new Error('the disk is broken');
    const { client } = await world.resume('s', durable);
    await world.settle();
    expect(client.closed).toBe(true);
    expect(client.history).toEqual(version === 5 ? ['connack', 'disconnect'] : ['connack']);
    if (version === 5) expect(client.disconnectCode).toBeGreaterThanOrEqual(0x80);
    expect(bystander.closed).toBe(false);
  });
});
