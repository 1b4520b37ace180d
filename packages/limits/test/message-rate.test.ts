import { ReasonCode } from '@sluice/packet';
import { describe, expect, it } from 'vitest';
import { aWill } from '../../core/test/support/packets.ts';
import { type MessageRateOptions, messageRate } from '../src/message-rate.ts';
import { limitedBroker } from './limited-broker.ts';

async function start(options: MessageRateOptions) {
  const broker = await limitedBroker((clock) => [messageRate({ ...options, clock })]);
  const reader = await broker.world.connect('reader', { cleanStart: true });
  await reader.subscribe('#');
  return { ...broker, reader };
}

describe('messageRate', () => {
  it('drop: tells a 5.0 client, and takes messages again when their time has come', async () => {
    const { world, reader, told } = await start({ messagesPerSecond: 2, onLimit: 'drop' });
    const client = await world.connect('c');
    const codes = [];
    for (const payload of ['1', '2', '3'])
      codes.push(await client.publish('t', payload, { qos: 1 }));
    expect(codes).toEqual([0, 0, ReasonCode.quotaExceeded]);
    expect(told).toEqual([
      expect.objectContaining({ limit: 'message-rate', action: 'dropped', clientId: 'c' }),
    ]);
    await world.advance(500);
    expect(await client.publish('t', '4', { qos: 1 })).toBe(0);
    expect(await client.publish('t', '5', { qos: 2 })).toBe(ReasonCode.quotaExceeded);
    expect(await reader.payloads()).toEqual(['1', '2', '4']);
  });

  it('drop: acknowledges to a 3.1.1 client what it forgets', async () => {
    const { world, reader } = await start({ messagesPerSecond: 1, onLimit: 'drop' });
    const client = await world.connect('c', { version: 4 });
    expect(await client.publish('t', '1', { qos: 1 })).toBe(0);
    expect(await client.publish('t', '2', { qos: 1 })).toBe(0);
    expect(await client.publish('t', '3', { qos: 2 })).toBe(0);
    expect(await reader.payloads()).toEqual(['1']);
  });

  it('drop: gives a client that never stops its rate, and no less', async () => {
    const { world, reader } = await start({ messagesPerSecond: 10, onLimit: 'drop' });
    const client = await world.connect('c');
    for (let ms = 0; ms <= 1_000; ms += 20) {
      await client.publish('t', String(ms));
      await world.advance(20);
    }
    // Ten at once, and ten in the second.
    expect(await reader.payloads()).toHaveLength(20);
  });

  it('disconnect: ends the connection with 0x96', async () => {
    const { world, reader, told } = await start({ messagesPerSecond: 1, onLimit: 'disconnect' });
    const client = await world.connect('c');
    await client.publish('t', '1');
    await client.publish('t', '2');
    expect(client.closed).toBe(true);
    expect(client.disconnectCode).toBe(ReasonCode.messageRateTooHigh);
    expect(await reader.payloads()).toEqual(['1']);
    expect(told).toEqual([expect.objectContaining({ action: 'closed', clientId: 'c' })]);
  });

  it('wait: does not read on until a message is within the rate, and loses none', async () => {
    const { world, reader, told } = await start({
      messagesPerSecond: 2,
      burstMessages: 1,
      onLimit: 'wait',
    });
    const client = await world.connect('c', { keepAlive: 0 });
    for (const payload of ['1', '2', '3']) await client.publish('t', payload);
    expect(await reader.payloads()).toEqual(['1']);
    expect(told).toEqual([expect.objectContaining({ action: 'paused', clientId: 'c' })]);
    await world.advance(499);
    expect(await reader.payloads()).toEqual([]);
    await world.advance(1);
    expect(await reader.payloads()).toEqual(['2']);
    await world.advance(500);
    expect(await reader.payloads()).toEqual(['3']);
    expect(world.errors).toEqual([]);
  });

  it('wait: holds up nobody else', async () => {
    const { world, reader } = await start({ messagesPerSecond: 1, onLimit: 'wait' });
    const fast = await world.connect('fast');
    await fast.publish('t', 'fast 1');
    await fast.publish('t', 'fast 2');
    const other = await world.connect('other');
    await other.publish('t', 'other 1');
    expect(await reader.payloads()).toEqual(['fast 1', 'other 1']);
  });

  it('wait: is not taken for a hook that hangs, however long it waits', async () => {
    const { world, reader } = await start({
      bytesPerSecond: 10,
      onLimit: 'wait',
      maxWaitMs: 60_000,
    });
    const client = await world.connect('c', { keepAlive: 0 });
    await client.publish('t', 'x'.repeat(500));
    await client.publish('t', 'late');
    await world.advance(49_000);
    expect(await reader.payloads()).toHaveLength(1);
    await world.advance(2_000);
    expect(await reader.payloads()).toEqual(['late']);
    expect(world.errors).toEqual([]);
  });

  it('wait: lets off who would have to wait too long', async () => {
    const { world, reader } = await start({ bytesPerSecond: 1, onLimit: 'wait', maxWaitMs: 2_000 });
    const client = await world.connect('c', { keepAlive: 0 });
    await client.publish('t', 'x'.repeat(5_000));
    await client.publish('t', '2');
    await client.publish('t', '3');
    await world.advance(2_000);
    expect(await reader.payloads()).toHaveLength(2);
    await world.advance(2_000);
    expect(await reader.payloads()).toEqual(['3']);
  });

  it('wait: is over when the broker closes', async () => {
    const { world } = await start({ messagesPerSecond: 1, onLimit: 'wait' });
    const client = await world.connect('c');
    await client.publish('t', '1');
    await client.publish('t', '2');
    const closing = world.broker.close({ graceMs: 0 });
    await world.settle();
    await closing;
    expect(world.environment.timers).toBe(0);
  });

  it('counts bytes of payload and topic', async () => {
    const { world, reader } = await start({ bytesPerSecond: 100, onLimit: 'drop' });
    const client = await world.connect('c');
    await client.publish('ten/levels', 'x'.repeat(80));
    await client.publish('ten/levels', 'y');
    await client.publish('t', 'z'.repeat(9));
    expect((await reader.messages()).map(({ payload }) => payload[0])).toEqual(['x', 'z']);
  });

  it('lets a message through that is larger than the burst, when nothing else was sent', async () => {
    const { world, reader } = await start({ bytesPerSecond: 100, onLimit: 'drop' });
    const client = await world.connect('c');
    await client.publish('t', 'x'.repeat(499));
    expect(await reader.payloads()).toHaveLength(1);
    await client.publish('t', 'y');
    await world.advance(4_000);
    await client.publish('t', 'z');
    expect(await reader.payloads()).toEqual([]);
    await world.advance(20);
    await client.publish('t', 'z');
    expect(await reader.payloads()).toEqual(['z']);
  });

  it('gives nobody a new allowance for connecting again', async () => {
    const { world, reader } = await start({ messagesPerSecond: 1, onLimit: 'drop' });
    for (const payload of ['1', '2']) {
      const client = await world.connect('c', { cleanStart: true });
      await client.publish('t', payload);
      await client.disconnect();
    }
    expect(await reader.payloads()).toEqual(['1']);
    await world.advance(1_000);
    const again = await world.connect('c', { cleanStart: true });
    await again.publish('t', '3');
    expect(await reader.payloads()).toEqual(['3']);
  });

  it('counts neither wills, nor the application, nor whom it is told not to', async () => {
    const { world, reader } = await start({
      messagesPerSecond: 1,
      onLimit: 'drop',
      exempt: ({ clientId }) => clientId === 'bridge',
    });
    const bridge = await world.connect('bridge', { will: aWill('t', 'will of the bridge') });
    for (const payload of ['1', '2', '3']) await bridge.publish('t', payload);
    await bridge.drop();
    for (const payload of ['4', '5']) await world.publish('t', payload);
    expect(await reader.payloads()).toEqual(['1', '2', '3', 'will of the bridge', '4', '5']);
  });

  it('takes no promise for an exemption', async () => {
    const exempt = (async () => false) as unknown as () => boolean;
    const { world, reader } = await start({ messagesPerSecond: 1, onLimit: 'drop', exempt });
    const client = await world.connect('c');
    for (const payload of ['1', '2']) await client.publish('t', payload);
    expect(await reader.payloads()).toEqual(['1']);
  });

  it('asks about an exemption for each connection, whatever the one before it has used', async () => {
    const { world, reader } = await start({
      messagesPerSecond: 1,
      onLimit: 'drop',
      exempt: ({ protocolVersion }) => protocolVersion === 4,
    });
    const counted = await world.connect('c', { version: 5 });
    await counted.publish('t', '1');
    await counted.publish('t', 'dropped');
    const exempt = await world.connect('c', { version: 4 });
    for (const payload of ['2', '3']) await exempt.publish('t', payload);
    const again = await world.connect('c', { version: 5 });
    await again.publish('t', 'dropped, too');
    expect(await reader.payloads()).toEqual(['1', '2', '3']);
  });

  it.each([
    [{ onLimit: 'drop' }, /neither messagesPerSecond nor bytesPerSecond/],
    [{ messagesPerSecond: 0, onLimit: 'drop' }, /messagesPerSecond must be/],
    [{ messagesPerSecond: 1, burstMessages: 0, onLimit: 'drop' }, /burstMessages must be/],
    [{ messagesPerSecond: 1, burstBytes: 5, onLimit: 'drop' }, /goes with bytesPerSecond/],
    [{ messagesPerSecond: 1, onLimit: 'ignore' }, /onLimit must be one of/],
    [{ messagesPerSecond: 1, onLimit: 'wait', maxWaitMs: 600_001 }, /maxWaitMs must be/],
    [{ messagePerSecond: 1, onLimit: 'wait' }, /no option messagePerSecond/],
  ])('refuses options that cannot be right: %j', (options, message) => {
    expect(() => messageRate(options as MessageRateOptions)).toThrow(
      expect.objectContaining({
        code: 'SLUICE_LIMITS_OPTIONS',
        message: expect.stringMatching(message),
      }),
    );
  });
});
