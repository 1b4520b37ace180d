import { allow, type LimitedEvent, proceed } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/index.ts';
import { connectPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const from = (remoteAddress: string) => ({ remoteAddress });

async function aBroker(limits: Partial<Limits>) {
  const told: LimitedEvent[] = [];
  const plugin = aPlugin((context) => context.hook('limited', (event) => void told.push(event)));
  const world = await startTestBroker({ limits, plugins: [plugin] });
  return { world, told };
}

describe('connections of one address', () => {
  test('are bounded, those of others are not, and a place is free again when one ends', async () => {
    const { world, told } = await aBroker({ maxConnectionsPerAddress: 2 });
    const open = () => world.client(5, from('::ffff:192.0.2.1'));
    const [first] = [open(), open()];
    expect(open().closed).toBe(true);
    expect(told).toMatchObject([{ limit: 'maxConnectionsPerAddress', action: 'refused' }]);
    expect(world.client(5, from('192.0.2.2')).closed).toBe(false);
    // Without an address there is nothing to count by.
    expect([world.client(), world.client(), world.client()].every(({ closed }) => !closed)).toBe(
      true,
    );
    await first?.drop();
    expect(open().closed).toBe(false);
  });

  test('that did not CONNECT are bounded by themselves', async () => {
    const { world, told } = await aBroker({ maxUnauthenticatedPerAddress: 2 });
    const open = () => world.client(5, from('192.0.2.1'));
    const [first, second] = [open(), open()];
    expect(open().closed).toBe(true);
    expect(told).toMatchObject([{ limit: 'maxUnauthenticatedPerAddress', action: 'refused' }]);
    await first?.connect({ clientId: 'first' });
    const third = open();
    expect(third.closed).toBe(false);
    expect(open().closed).toBe(true);
    await second?.drop();
    await first?.drop();
    expect(open().closed).toBe(false);
    expect(open().closed).toBe(true);
    expect(third.closed).toBe(false);
  });

  test('are those of the broker and its scopes together', async () => {
    const { world } = await aBroker({ maxConnectionsPerAddress: 2 });
    const scope = await world.broker.scope({ name: 'inner' });
    world.client(5, from('192.0.2.1'));
    world.client(5, from('192.0.2.1'), scope);
    expect(world.client(5, from('192.0.2.1'), scope).closed).toBe(true);
    expect(world.client(5, from('192.0.2.1')).closed).toBe(true);
  });
});

describe('AUTH packets', () => {
  const properties = { authenticationMethod: 'm' };
  const again = { type: 15, reasonCode: 0x18, properties } as const;

  /** A broker that asks for more until it was asked so often. */
  async function anEndlessExchange(steps: number) {
    let asked = 0;
    const plugin = aPlugin((context) =>
      context.hook('exchange', () => (++asked < steps ? proceed() : allow())),
    );
    const world = await startTestBroker({ limits: { maxAuthPackets: 3 }, plugins: [plugin] });
    const client = world.client();
    client.send(connectPacket(5, { clientId: 'c', properties }));
    for (let step = 1; step < steps; step++) {
      await client.receive('auth');
      client.send(again);
    }
    return client;
  }

  test('of one authentication are bounded', async () => {
    expect((await (await anEndlessExchange(4)).receive('connack')).reasonCode).toBe(0);
    const client = await anEndlessExchange(5);
    expect((await client.receive('connack')).reasonCode).toBe(0x97);
  });
});
