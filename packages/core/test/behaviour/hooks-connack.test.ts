import { allow, drop } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { askedOf } from '../support/asked-of.ts';
import { logHooks } from '../support/log-hooks.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const informing = { requestResponseInformation: 1 } as const;

const withConnack = (answer: unknown) => askedOf('connack', answer);

describe('connack', () => {
  test('comes just before CONNACK, with what it is going to say', async () => {
    const log: string[] = [];
    const world = await startTestBroker({
      plugins: [logHooks(['connack', 'packetSent', 'connected'], log)],
    });
    await world.connect('c');
    expect(log).toEqual(['connack', 'connected', 'packetSent']);
    const { world: other, asked } = await withConnack(undefined);
    const { connack } = await other.resume('c', {
      properties: { sessionExpiryInterval: 0xffff_ffff },
    });
    expect(asked).toMatchObject([
      { client: { clientId: 'c' }, sessionPresent: false, properties: connack.properties },
    ]);
    expect(connack.properties.sessionExpiryInterval).toBe(604_800);
  });

  test('changes properties, and leaves the others as they are', async () => {
    const changes = {
      reasonString: 'welcome',
      userProperties: [['room', 'hall']],
      responseInformation: 'answers/c',
      serverReference: 'other.example',
    };
    const { world } = await withConnack(changes);
    const { connack } = await world.resume('c', { properties: informing });
    expect(connack.properties).toEqual({
      maximumPacketSize: 1_048_576,
      receiveMaximum: 100,
      topicAliasMaximum: 16,
      ...changes,
    });
  });

  test('gives Response Information only to who asked for it [MQTT-3.1.2-28]', async () => {
    const { world } = await withConnack({ responseInformation: 'answers/c' });
    const { connack } = await world.resume('c');
    expect(connack.properties.responseInformation).toBeUndefined();
  });

  test('what is for people is left out where the client takes less [MQTT-3.2.2-19] [MQTT-3.2.2-20]', async () => {
    const { world } = await withConnack({ reasonString: 'x'.repeat(100) });
    const { connack } = await world.resume('c', { properties: { maximumPacketSize: 50 } });
    expect(connack.properties).toMatchObject({ receiveMaximum: 100 });
    expect(connack.properties.reasonString).toBeUndefined();
  });

  test.each([3, 4] as const)('has nothing to change for version %i', async (version) => {
    const { world, asked } = await withConnack({ reasonString: 'welcome' });
    const { connack } = await world.resume('c', { version });
    expect(connack.properties).toEqual({});
    expect(asked).toMatchObject([{ properties: {} }]);
  });

  test('is not asked about a CONNACK that refuses', async () => {
    const log: string[] = [];
    const world = await startTestBroker({
      plugins: [
        logHooks(['connack'], log),
        aPlugin((context) => context.hook('connect', () => drop())),
      ],
    });
    await world.client(5).connect({ clientId: 'c' });
    expect(log).toEqual([]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['drops', () => drop()],
    ['returns a promise', async () => ({ reasonString: 'late' })],
    ['changes what it must not', () => ({ receiveMaximum: 1 })],
  ])('leaves CONNACK as it was when it %s', async (_, hook) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('connack', hook as never))],
    });
    const { connack } = await world.resume('c');
    expect(connack.properties).toMatchObject({ receiveMaximum: 100 });
    expect(connack.properties.reasonString).toBeUndefined();
    expect(world.errors).toHaveLength(1);
  });

  test('a hook that disconnects the client keeps it from CONNACK', async () => {
    const connected: string[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('connack', ({ client }) => {
            context.broker.disconnect(client.clientId);
          });
          context.hook('connected', ({ client }) => void connected.push(client.clientId));
        }),
      ],
    });
    const client = world.client(5);
    await expect(client.connect({ clientId: 'c' })).rejects.toThrow('nothing');
    expect([client.closed, connected, world.broker.stats.clients]).toEqual([true, [], 0]);
  });
});

describe('what an authenticator adds to CONNACK', () => {
  const grant = { reasonString: 'hello', userProperties: [['plan', 'basic']] } as const;

  test('goes to a 5.0 client', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', () => allow(grant)))],
    });
    expect((await world.resume('c')).connack.properties).toMatchObject(grant);
    expect((await world.resume('d', { version: 4 })).connack.properties).toEqual({});
    const small = { maximumPacketSize: 25 };
    const { connack } = await world.resume('e', { properties: small });
    expect(connack.properties.reasonString).toBeUndefined();
  });

  test('a denial takes user properties along, as far as the client takes them', async () => {
    const userProperties = [['retry', 'tomorrow']] as const;
    const denial = {
      allowed: false,
      reasonCode: 0x87,
      reasonString: 'no',
      userProperties,
    } as const;
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('authenticate', () => denial))],
    });
    const told = await world.client(5).connect({ clientId: 'c' });
    expect(told).toMatchObject({
      reasonCode: 0x87,
      properties: { reasonString: 'no', userProperties },
    });
    for (const [maximumPacketSize, properties] of [
      [12, { reasonString: 'no' }],
      [8, {}],
    ] as const) {
      const brief = await world
        .client(5)
        .connect({ clientId: 'c', properties: { maximumPacketSize } });
      expect(brief.properties).toEqual(properties);
    }
  });
});
