import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../packages/core/test/support/stores.ts';
import type { TestClient } from '../../packages/core/test/support/test-client.ts';
import { attachWebSocket } from '../../packages/server/src/attach-web-socket.ts';
import { AttackWorld } from './attack-world.ts';
import { cases } from './cases.ts';
import { framedClient, framings } from './framed-client.ts';
import { outcomeOf } from './outcome.ts';
import { rawConnect, str } from './vectors/parts.ts';

const server = createServer();
let world: AttackWorld;
let canary: TestClient;

beforeAll(async () => {
  world = await AttackWorld.start(memoryStore(), {}, []);
  attachWebSocket(server, world.broker);
  canary = await world.connect('canary');
  await canary.subscribe('canary');
});

afterAll(async () => {
  await world.dropAll();
  await world.broker.close({ graceMs: 100 });
});

describe.each(Object.entries(framings))('through WebSocket, %s', (_framing, framing) => {
  it.each(cases)('%s', async (_name, vector, version) => {
    const { connections, clients, sessions } = world.broker.stats;
    const offender = await framedClient(world, server, version, framing);
    const isFirst = vector.sent === 'first';
    if (!isFirst) offender.send(rawConnect(version, { payload: [str('offender')] }));
    offender.send(Buffer.from(vector.bytes(version)));
    // Frames, HTTP and the closing handshake take turns of their own.
    for (let count = 0; count < 5; count++) await world.settle();
    expect(outcomeOf(offender, isFirst)).toBe(vector.outcome[version]);
    offender.stream.destroy();
    await world.until(() => world.broker.stats.connections === connections, 'it ends');
    await world.broker.publish({ topic: 'canary', payload: 'x', qos: 1 });
    expect(await canary.payloads()).toEqual(['x']);
    expect(world.broker.stats).toMatchObject({ connections, clients, sessions });
    expect(world.errors).toEqual([]);
  });
});
