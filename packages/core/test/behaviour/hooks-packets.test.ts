import { type Packet, PacketType } from '@sluice/packet';
import { allow, type PacketEvent, type Plugin } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { connectPacket, nameOf, pingreq, publishPacket } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

/** Writes down the packets of clients, with `<` those that came and with `>` those that were sent. */
function tracing(log: string[], client = 'c'): Plugin {
  const write = (sign: string) => (event: PacketEvent) => {
    const clientId = event.client?.clientId;
    if (clientId === undefined || clientId === client) {
      log.push(`${sign} ${nameOf(event.packet)}${clientId === undefined ? ' of nobody' : ''}`);
    }
  };
  return aPlugin((context) => {
    context.hook('packetReceived', write('<'));
    context.hook('packetSent', write('>'));
  }, 'trace');
}

describe('packetReceived and packetSent', () => {
  test.each([3, 4, 5] as const)('see every packet of version %i, in order', async (version) => {
    const log: string[] = [];
    const world = await startTestBroker({ plugins: [tracing(log)] });
    const client = await world.connect('c', { version });
    await client.subscribe('a');
    await client.publish('a', 'x', { qos: 2 });
    client.send(pingreq);
    await client.unsubscribe('a');
    await client.disconnect();
    expect(log).toEqual([
      '< connect of nobody',
      '> connack',
      '< subscribe',
      '> suback',
      '< publish',
      '> publish',
      '> pubrec',
      '< pubrec',
      '> pubrel',
      '< pubcomp',
      '< pubrel',
      '> pubcomp',
      '< pingreq',
      '< unsubscribe',
      '> pingresp',
      '> unsuback',
      '< disconnect',
    ]);
  });

  test('see AUTH, a refusal, and a DISCONNECT of the broker', async () => {
    const log: string[] = [];
    const world = await startTestBroker({
      plugins: [
        tracing(log),
        aPlugin((context) => {
          context.hook('exchange', ({ data }) =>
            data === undefined ? { proceed: true, data: undefined } : allow(),
          );
        }),
      ],
    });
    const client = world.client(5);
    client.send(connectPacket(5, { clientId: 'c', properties: { authenticationMethod: 'm' } }));
    await client.receive('auth');
    const properties = { authenticationMethod: 'm', authenticationData: Buffer.from('x') };
    client.send({ type: PacketType.auth, reasonCode: 0x18, properties });
    await client.receive('connack');
    world.broker.disconnect('c');
    await world.settle();
    const unknown = world.client(5);
    unknown.send(Buffer.from('100c00044d5154540600003c0000', 'hex'));
    await world.settle();
    expect(log).toEqual([
      '< connect of nobody',
      '> auth of nobody',
      '< auth of nobody',
      '> connack',
      '> disconnect',
      '> connack of nobody',
    ]);
    expect(world.errors).toEqual([]);
  });

  test('see what is in them: what was sent has the packet identifier of its receiver', async () => {
    const sent: Packet[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('packetSent', ({ packet }) => {
            if (packet.type !== PacketType.publish) return;
            sent.push({ ...packet, payload: Buffer.from(packet.payload) });
          });
        }),
      ],
    });
    const [one, two] = [await world.connect('one'), await world.connect('two')];
    await one.subscribe('#', { qos: 1 });
    await world.publish('first', 'x', { qos: 1 });
    await two.subscribe('#', { qos: 1 });
    const payload = 'y'.repeat(100_000);
    await world.publish('second', payload, { qos: 1 });
    expect(
      sent.map((packet) => packet.type === PacketType.publish && [packet.topic, packet.packetId]),
    ).toEqual([
      ['first', 1],
      ['second', 2],
      ['second', 1],
    ]);
    expect(sent.map((packet) => 'payload' in packet && String(packet.payload))).toEqual([
      'x',
      payload,
      payload,
    ]);
    expect((await one.messages()).map(({ packetId }) => packetId)).toEqual([1, 2]);
  });

  test('come before a packet is handled, and a hook that closes the connection keeps it from that', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('packetReceived', ({ client, packet }) => {
            if (client?.clientId !== 'c' || packet.type !== PacketType.publish) return;
            context.broker.disconnect('c');
          });
        }),
      ],
    });
    const watcher = await world.connect('w');
    await watcher.subscribe('#');
    const client = await world.connect('c');
    client.send(publishPacket('a', 'x'));
    expect((await client.receive('disconnect')).reasonCode).toBe(0x98);
    expect(await watcher.payloads()).toEqual([]);
  });

  test.each([10, 100_000])(
    'a hook that makes the broker write more sees that behind what was written before, %i bytes',
    async (bytes) => {
      const log: string[] = [];
      const world = await startTestBroker({
        plugins: [
          tracing(log),
          aPlugin((context) => {
            context.hook('packetSent', ({ packet }) => {
              if (packet.type === PacketType.suback) context.broker.disconnect('c');
            });
          }),
        ],
      });
      await world.publish('a', 'x'.repeat(bytes), { retain: true });
      const client = await world.connect('c');
      await client.subscribe('a');
      // SUBACK and the retained message left in one write.
      expect(log.slice(-3)).toEqual(['> suback', '> publish', '> disconnect']);
      expect(client.history).toEqual(['connack', 'suback', 'publish', 'disconnect']);
      expect(world.errors).toEqual([]);
    },
  );

  test.each(['drop', 'pause'] as const)(
    'nothing follows a DISCONNECT, whatever is done when it was sent: slow receivers %s',
    async (slowReceiver) => {
      const plugin = aPlugin(({ hook, broker }) => {
        hook('packetSent', ({ packet, client }) => {
          if (packet.type !== PacketType.disconnect) return;
          for (const filter of ['0', '1']) {
            void broker.subscriptions.add(client?.clientId ?? '', { filter, qos: 1 });
          }
        });
      });
      const world = await startTestBroker({ plugins: [plugin], more: { slowReceiver } });
      for (const qos of [0, 1] as const) await world.publish(`${qos}`, 'x', { qos, retain: true });
      const client = await world.connect('c');
      world.broker.disconnect('c');
      await world.settle();
      expect(client.history).toEqual(['connack', 'disconnect']);
      expect(world.errors).toEqual([]);
    },
  );

  test('a hook that disconnects who is leaving, when it sees the last answer, ends the connection once', async () => {
    const log: string[] = [];
    const plugin = aPlugin(({ hook, broker }) => {
      hook('packetSent', ({ packet }) => {
        if (packet.type === PacketType.puback) broker.disconnect('c');
      });
      hook('disconnected', ({ by }) => void log.push(by));
    });
    const world = await startTestBroker({ plugins: [plugin] });
    const client = await world.connect('c');
    client.send(publishPacket('a', 'x', { qos: 1, packetId: 1 }));
    client.stream.push(null);
    // The end comes in the same turn: what waits for the end of that is written now.
    await new Promise((resolve) => setImmediate(resolve));
    await world.settle();
    expect(log).toEqual(['broker']);
    expect(world.broker.stats).toMatchObject({ connections: 0, clients: 0, sessions: 0 });
  });

  test('failing changes nothing', async () => {
    const fail = () => {
      throw new Error('broken');
    };
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('packetReceived', fail);
          context.hook('packetSent', fail);
        }),
      ],
    });
    const client = await world.connect('c');
    expect(await client.publish('a', 'x', { qos: 1 })).toBe(0x10);
    expect(world.errors.length).toBe(4);
  });
});
