import { describe, expect, it } from 'vitest';
import { type ConnectRateOptions, connectRate } from '../src/connect-rate.ts';
import { type LimitedBroker, limitedBroker } from './limited-broker.ts';

function start(options: ConnectRateOptions) {
  return limitedBroker((clock) => [connectRate({ ...options, clock })]);
}

/** Whether a connection from an address is let in. */
async function tries({ world }: LimitedBroker, remoteAddress?: string): Promise<boolean> {
  const client = world.client(5, remoteAddress === undefined ? {} : { remoteAddress });
  await world.settle();
  return !client.closed;
}

describe('connectRate', () => {
  it('closes connections of one address that come too often, until its time has come', async () => {
    const broker = await start({ perAddress: { connections: 2, intervalMs: 1_000 } });
    expect(await tries(broker, '192.0.2.1')).toBe(true);
    expect(await tries(broker, '192.0.2.1')).toBe(true);
    expect(await tries(broker, '::ffff:192.0.2.1')).toBe(false);
    expect(await tries(broker, '192.0.2.2')).toBe(true);
    expect(broker.told).toEqual([
      expect.objectContaining({ limit: 'connect-rate.perAddress', action: 'refused' }),
    ]);
    expect(broker.told[0]?.connection?.remoteAddress).toBe('::ffff:192.0.2.1');
    await broker.world.advance(499);
    expect(await tries(broker, '192.0.2.1')).toBe(false);
    await broker.world.advance(1);
    expect(await tries(broker, '192.0.2.1')).toBe(true);
    expect(await tries(broker, '192.0.2.1')).toBe(false);
  });

  it('says nothing to whom it closes', async () => {
    const { world } = await start({ total: { connections: 1, intervalMs: 1_000 } });
    await world.connect('first');
    const second = world.client(5);
    await world.settle();
    expect(second.closed).toBe(true);
    expect(second.history).toEqual([]);
  });

  it('takes the addresses of an IPv6 network for one, and others for others', async () => {
    const broker = await start({ perAddress: { connections: 1, intervalMs: 1_000 } });
    expect(await tries(broker, '2001:db8:0:1::1')).toBe(true);
    expect(await tries(broker, '2001:db8:0:1:ffff::2')).toBe(false);
    expect(await tries(broker, '2001:db8:0:2::1')).toBe(true);
  });

  it('allows more at once than over time', async () => {
    const broker = await start({ perAddress: { connections: 1, intervalMs: 1_000, burst: 3 } });
    const let3 = [];
    for (let at = 0; at < 4; at++) let3.push(await tries(broker, '192.0.2.1'));
    expect(let3).toEqual([true, true, true, false]);
    await broker.world.advance(1_000);
    expect(await tries(broker, '192.0.2.1')).toBe(true);
    expect(await tries(broker, '192.0.2.1')).toBe(false);
  });

  it('counts all together, but not those that their address may not open', async () => {
    const broker = await start({
      perAddress: { connections: 1, intervalMs: 1_000 },
      total: { connections: 2, intervalMs: 1_000 },
    });
    expect(await tries(broker, '192.0.2.1')).toBe(true);
    for (let at = 0; at < 10; at++) expect(await tries(broker, '192.0.2.1')).toBe(false);
    expect(await tries(broker, '192.0.2.2')).toBe(true);
    expect(await tries(broker, '192.0.2.3')).toBe(false);
    expect(broker.told.at(-1)?.limit).toBe('connect-rate.total');
    await broker.world.advance(500);
    // What the total refused did not count for its address.
    expect(await tries(broker, '192.0.2.3')).toBe(true);
  });

  it('does not count streams without an address by address', async () => {
    const broker = await start({ perAddress: { connections: 1, intervalMs: 1_000 } });
    expect([await tries(broker), await tries(broker)]).toEqual([true, true]);
  });

  it('forgets the address that came longest ago when it knows too many', async () => {
    const broker = await start({
      perAddress: { connections: 1, intervalMs: 1_000 },
      maxAddresses: 2,
    });
    for (const last of [1, 2, 3]) expect(await tries(broker, `192.0.2.${last}`)).toBe(true);
    expect(await tries(broker, '192.0.2.3')).toBe(false);
    expect(await tries(broker, '192.0.2.2')).toBe(false);
    expect(await tries(broker, '192.0.2.1')).toBe(true);
  });

  it('remembers the address that came again longer than one that came once', async () => {
    const broker = await start({
      perAddress: { connections: 1, intervalMs: 60_000, burst: 2 },
      maxAddresses: 2,
    });
    for (const last of [1, 2, 1, 3]) expect(await tries(broker, `192.0.2.${last}`)).toBe(true);
    expect(await tries(broker, '192.0.2.1')).toBe(false);
  });

  it.each([
    [{}, /neither perAddress nor total/],
    [{ perAddress: { connections: 0, intervalMs: 1 } }, /perAddress.connections/],
    [{ perAddress: { connections: 1, intervalMs: 0 } }, /perAddress.intervalMs/],
    [{ perAddress: { connections: 1, intervalMs: 1, burst: 0.5 } }, /perAddress.burst/],
    [{ total: { connections: 1, intervalMs: 1, bursts: 2 } }, /no option bursts/],
    [{ total: { connections: 1, intervalMs: 1 }, maxAddresses: 0 }, /maxAddresses/],
    [{ perAdress: { connections: 1, intervalMs: 1 } }, /no option perAdress/],
  ])('refuses options that cannot be right: %j', (options, message) => {
    expect(() => connectRate(options as ConnectRateOptions)).toThrow(
      expect.objectContaining({
        code: 'SLUICE_LIMITS_OPTIONS',
        message: expect.stringMatching(message),
      }),
    );
  });
});
