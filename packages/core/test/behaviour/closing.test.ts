import { Duplex, PassThrough } from 'node:stream';
import { encodePacket } from '@sluice/packet';
import { describe, expect, test, vi } from 'vitest';
import { Gate } from '../support/gate.ts';
import { aWill, connectPacket, disconnectPacket, publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

describe('close', () => {
  test('tells 5.0 clients, publishes wills, commits, and closes plug-ins and persistence', async () => {
    const order: string[] = [];
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('close', () => void order.push('close hook')))],
    });
    const watcher = await world.connect('w', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
    });
    await watcher.subscribe('will');
    await watcher.drop();
    const client = await world.connect('c', { will: aWill('will', 'x', { qos: 1 }) });
    const old = await world.connect('o', { version: 4 });
    const silent = world.client(5);
    const close = vi.spyOn(world.persistence, 'close').mockImplementation(async () => {
      order.push('persistence');
    });
    const closing = world.broker.close();
    expect(world.broker.close()).toBe(closing);
    await world.settle();
    await closing;
    expect(client.disconnectCode).toBe(0x8b);
    expect([client.closed, old.closed, silent.closed]).toEqual([true, true, true]);
    expect(order).toEqual(['close hook', 'persistence']);
    close.mockRestore();
    await world.restart();
    const back = await world.connect('w', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
    });
    expect(await back.payloads()).toEqual(['x']);
  });

  test('waits for wills whose hook takes its time', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('will', gate.wait))],
    });
    const watcher = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    await (await world.connect('w', watcher)).subscribe('will');
    await world.connect('c', { will: aWill('will', 'x', { qos: 1 }) });
    let closed = false;
    const closing = world.broker.close().then(() => {
      closed = true;
    });
    await world.settle();
    expect(closed).toBe(false);
    gate.open();
    await world.settle();
    await closing;
    await world.restart();
    expect(await (await world.connect('w', watcher)).payloads()).toEqual(['x']);
  });

  test('ends who has gone while a hook takes its time, before plug-ins close', async () => {
    const log: string[] = [];
    const gate = new Gate();
    const slow = aPlugin((context) => {
      context.hook('publish', gate.wait);
      context.hook('will', () => void log.push('will'));
      context.hook('disconnected', () => void log.push('disconnected'));
      context.hook('close', () => void log.push('close'));
    });
    const world = await startTestBroker({ plugins: [slow] });
    const client = await world.connect('c', { will: aWill('will') });
    client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }));
    await client.drop();
    expect([world.broker.stats.connections, world.broker.stats.clients]).toEqual([0, 1]);
    const closing = world.broker.close();
    await world.settle();
    await closing;
    gate.open();
    await world.settle();
    expect(log).toEqual(['will', 'disconnected', 'close']);
    expect(world.broker.stats).toMatchObject({ clients: 0, messagesReceived: 1 });
  });

  test('what a hook still holds up of the application is refused, and goes no further', async () => {
    const log: string[] = [];
    const gate = new Gate();
    const slow = aPlugin((context) => {
      context.hook('publish', gate.wait);
      context.hook('published', () => void log.push('published'));
      context.hook('close', () => void log.push('close'));
    });
    const world = await startTestBroker({ plugins: [slow] });
    const published = world.broker.publish({ topic: 'a', payload: 'x' });
    const refused = expect(published).rejects.toMatchObject({ code: 'SLUICE_CLOSED' });
    const closing = world.broker.close();
    await world.settle();
    await closing;
    gate.open();
    await world.settle();
    await refused;
    expect(log).toEqual(['close']);
  });

  test('does not wait for ever for a client that takes nothing', async () => {
    const world = await startTestBroker();
    const slow = await world.connect('slow');
    slow.stream.stall();
    let closed = false;
    const closing = world.broker.close({ graceMs: 1_000 }).then(() => {
      closed = true;
    });
    await world.advance(999);
    expect(closed).toBe(false);
    await world.advance(1);
    await closing;
    expect(slow.stream.destroyed).toBe(true);
    expect(world.environment.timers).toBe(0);
  });

  test.each([
    { graceMs: -1 },
    { graceMs: Number.NaN },
    { graceMs: '5s' as unknown as number },
    { serverReference: '' },
    { serverReference: 'x'.repeat(65_536) },
  ])('refuses %j, and goes on', async (options) => {
    const world = await startTestBroker();
    const scope = await world.broker.scope({ name: 's' });
    const client = await world.connect('c');
    for (const closing of [world.broker.close(options), scope.close(options)]) {
      await expect(closing).rejects.toMatchObject({ code: 'SLUICE_OPTION' });
    }
    expect(await client.publish('a', 'x', { qos: 1 })).toBe(0x10);
    const closing = world.broker.close();
    await world.settle();
    await closing;
    expect(client.disconnectCode).toBe(0x8b);
  });

  test('waits for longer than a timer can be, where it is told to', async () => {
    const world = await startTestBroker();
    const slow = await world.connect('slow');
    slow.stream.stall();
    const closing = world.broker.close({ graceMs: Infinity });
    await world.advance(1_000);
    expect(slow.stream.destroyed).toBe(false);
    slow.stream.unstall();
    await world.settle();
    await closing;
  });

  test('refuses what comes later', async () => {
    const world = await startTestBroker();
    const subscription = world.broker.subscribe('a');
    const closing = world.broker.close();
    const late = world.client(5);
    await world.settle();
    await closing;
    expect(late.stream.destroyed).toBe(true);
    await expect(world.broker.publish({ topic: 'a', payload: '' })).rejects.toMatchObject({
      code: 'SLUICE_CLOSED',
    });
    expect(() => world.broker.subscribe('a')).toThrow(/closed/);
    // An iterator ends.
    for await (const _ of subscription) expect.unreachable();
  });

  test('leaves no timer behind', async () => {
    const world = await startTestBroker();
    const properties = { sessionExpiryInterval: 100 };
    await (await world.connect('a', { properties })).drop();
    await world.connect('b', { keepAlive: 10 });
    await world.publish('a', 'x', { retain: true, properties: { messageExpiryInterval: 50 } });
    const closing = world.broker.close();
    await world.settle();
    await closing;
    expect(world.environment.timers).toBe(0);
  });
});

describe('handle', () => {
  test('takes a Duplex and nothing else', async () => {
    const world = await startTestBroker();
    for (const stream of [undefined, {}, 'stream']) {
      expect(() => world.broker.handle(stream as never)).toThrow(
        expect.objectContaining({ code: 'SLUICE_STREAM' }),
      );
    }
  });

  test('takes a stream that is closed already, and forgets it', async () => {
    const world = await startTestBroker();
    const stream = new PassThrough();
    stream.destroy();
    await world.settle();
    world.broker.handle(stream);
    await world.settle();
    expect(world.broker.stats.connections).toBe(0);
    const closing = world.broker.close();
    await world.settle();
    await closing;
  });

  test.each([
    ['without autoDestroy', { autoDestroy: false }],
    ['without the event close', { emitClose: false }],
    ['that takes for ever to end', { final() {} }],
    ['that takes for ever to be destroyed', { destroy() {} }],
  ])('a stream %s is gone after closeTimeoutMs, whoever ends it', async (_, options) => {
    const ends = [
      (stream: Duplex) => stream.push(encodePacket(disconnectPacket(), 5)),
      (stream: Duplex) => stream.push(null),
      () => world.broker.disconnect('c'),
    ];
    const limits = { closeTimeoutMs: 1_000, maxConnections: 1 };
    const world = await startTestBroker({ limits });
    for (const end of ends) {
      const stream = new Duplex({
        read() {},
        write: (_chunk, _encoding, done) => done(),
        ...options,
      });
      world.broker.handle(stream);
      stream.push(encodePacket(connectPacket(5, { clientId: 'c' }), 5));
      await world.settle();
      expect(world.broker.stats.clients).toBe(1);
      end(stream);
      await world.settle();
      await world.advance(1_000);
      expect(stream.destroyed).toBe(true);
      expect(world.broker.stats).toMatchObject({ connections: 0, clients: 0 });
    }
    // Nobody counts any more.
    await world.connect('next');
  });

  test('a stream that gives strings is closed', async () => {
    const world = await startTestBroker();
    const client = world.client(5);
    client.stream.setEncoding('utf8');
    client.send(Buffer.from('abc'));
    await world.settle();
    expect(client.closed).toBe(true);
  });

  test.each([[{ x: 1 }], [1]])('a stream in object mode that gives %o is closed', async (chunk) => {
    const world = await startTestBroker();
    const good = await world.connect('good');
    const stream = new Duplex({ objectMode: true, read() {}, write: (_, __, done) => done() });
    world.broker.handle(stream);
    stream.push(chunk);
    await world.settle();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.destroyed).toBe(true);
    expect(good.closed).toBe(false);
    expect(world.broker.stats).toMatchObject({ connections: 1 });
  });

  test('a stream that throws when it is written to harms only itself', async () => {
    const world = await startTestBroker();
    const good = await world.connect('good');
    await good.subscribe('a');
    const stream = new Duplex({
      read() {},
      write() {
        throw new Error('broken stream');
      },
    });
    world.broker.handle(stream);
    stream.push(encodePacket(connectPacket(5, { clientId: 'bad' }), 5));
    await world.publish('a', 'x', { qos: 1 });
    expect(await good.payloads()).toEqual(['x']);
    expect(stream.destroyed).toBe(true);
    expect(world.broker.stats.connections).toBe(1);
  });
});

describe('events and counters', () => {
  test('tell of clients, refusals and who ended a connection', async () => {
    const world = await startTestBroker();
    const seen: unknown[] = [];
    world.broker.on('connected', ({ client, sessionPresent }) =>
      seen.push(['connected', client.clientId, client.protocolVersion, sessionPresent]),
    );
    world.broker.on('disconnected', ({ client, by, reasonCode, error }) =>
      seen.push(['disconnected', client.clientId, by, reasonCode, error?.message]),
    );
    world.broker.on('refused', ({ clientId, reasonCode }) =>
      seen.push(['refused', reasonCode, clientId?.slice(0, 3)]),
    );
    await (await world.connect('c')).disconnect(0x04);
    await (await world.connect('c', { version: 4 })).drop(new Error('reset'));
    const bad = await world.connect('c', { version: 3 });
    bad.send(Uint8Array.of(0xf0, 0));
    await world.settle();
    world.client(5).send(Uint8Array.of(0xc0, 0));
    await world.client(5).drop();
    await world.client(5).connect({ clientId: 'x'.repeat(300) });
    expect(seen).toEqual([
      ['connected', 'c', 5, false],
      ['disconnected', 'c', 'client', 4, undefined],
      ['connected', 'c', 4, false],
      ['disconnected', 'c', 'network', 0, 'reset'],
      ['connected', 'c', 3, false],
      ['disconnected', 'c', 'broker', 0x81, 'first byte 0xf0 has a wrong type or wrong flags'],
      ['refused', expect.any(Number), undefined],
      ['refused', 0, undefined],
      ['refused', 0x85, 'xxx'],
    ]);
    expect(world.broker.stats.refusedTotal).toBe(3);
  });

  test('count what went through, and come back to where they were', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a', { qos: 0 });
    await client.publish('a', 'xyz');
    const { stats } = world.broker;
    expect(stats).toMatchObject({ messagesReceived: 1, messagesSent: 1, connectionsTotal: 1 });
    // CONNACK, SUBACK and PUBLISH; CONNECT, SUBSCRIBE and PUBLISH.
    const sent = client.received().reduce((sum, packet) => sum + encodePacket(packet, 5).length, 0);
    expect(stats.bytesSent).toBe(sent);
    expect(stats.bytesReceived).toBeGreaterThan(20);
    await client.drop();
    expect(stats).toMatchObject({ connections: 0, clients: 0, sessions: 0, subscriptions: 0 });
  });

  test('an administrator ends a connection, and the session goes on', async () => {
    const world = await startTestBroker();
    const properties = { sessionExpiryInterval: 100 };
    const client = await world.connect('c', { properties });
    expect(world.broker.disconnect('c')).toBe(true);
    await world.settle();
    expect(client.disconnectCode).toBe(0x98);
    expect(world.broker.disconnect('c')).toBe(false);
    expect(world.broker.disconnect('nobody')).toBe(false);
    expect((await world.resume('c', { cleanStart: false })).connack.sessionPresent).toBe(true);
  });

  test('a listener that throws is reported, and nobody waits in vain for what comes behind it', async () => {
    const world = await startTestBroker();
    const { broker, errors } = world;
    const names = ['connected', 'disconnected', 'refused'] as const;
    for (const name of names) {
      broker.on(name, () => {
        throw new Error(name);
      });
    }
    // Both CONNACKs wait for the same commit.
    const properties = { sessionExpiryInterval: 100 };
    const clients = ['one', 'two'].map((clientId) => {
      const client = world.client(5);
      client.send(connectPacket(5, { clientId, properties }));
      return client;
    });
    for (const client of clients) {
      expect((await client.receive('connack')).reasonCode).toBe(0);
      expect((await client.subscribe('a')).reasonCodes).toEqual([2]);
    }
    await clients[0]?.drop();
    await world.client(5).drop();
    await world.settle();
    expect(errors.map(({ message }) => message)).toEqual(['connected', ...names]);
    expect(broker.stats.connections).toBe(1);
  });

  test('a listener of errors that throws becomes a warning', async () => {
    const world = await startTestBroker();
    world.broker.on('error', () => {
      throw new Error('thrown by the listener');
    });
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    world.broker.subscribe('a', () => {
      throw new Error('thrown');
    });
    await world.publish('a', 'x');
    await world.publish('a', 'x');
    expect(warn).toHaveBeenCalledTimes(2);
    warn.mockRestore();
  });

  test('an error that nobody listens to becomes a warning', async () => {
    const world = await startTestBroker();
    world.broker.removeAllListeners('error');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    world.broker.subscribe('a', () => {
      throw new Error('thrown');
    });
    await world.publish('a', 'x');
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ message: 'thrown' }));
    warn.mockRestore();
  });
});

test.each([
  5_000,
  null,
  { grace: 5 },
  { graceMs: '5s' },
  { graceMs: -1 },
  { graceMs: Number.NaN },
  { serverReference: '' },
])('close refuses %o, and closes nothing', async (options) => {
  const { broker } = await startTestBroker();
  await expect(broker.close(options as never)).rejects.toMatchObject({ code: 'SLUICE_OPTION' });
  const scope = await broker.scope({ name: 'inner' });
  await expect(scope.close(options as never)).rejects.toMatchObject({ code: 'SLUICE_OPTION' });
  await broker.publish({ topic: 'a', payload: '' });
  await broker.close({ graceMs: 0 });
});
