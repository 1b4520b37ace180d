import { PacketType, ReasonCode } from '@sluice/packet';
import { type Allow, allow, type Deny, deny, drop, redirect } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { Gate } from '../support/gate.ts';
import { aWill, connectPacket, pingreq, text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

test.each([
  [1, 'answers/c'],
  [0, undefined],
  [undefined, undefined],
] as const)('response information goes to who asks for it: %s', async (asked, told) => {
  const world = await startTestBroker({
    plugins: [
      aPlugin((context) =>
        context.hook('authenticate', ({ clientId }) =>
          allow({ responseInformation: `answers/${clientId}` }),
        ),
      ),
    ],
  });
  const properties = asked === undefined ? {} : { requestResponseInformation: asked };
  const { connack } = await world.resume('c', { properties });
  expect(connack.properties.responseInformation).toBe(told);
});

test('a drop whose reason string cannot be sent refuses the client, and does not throw', async () => {
  const tooLong = 'x'.repeat(65_536);
  const world = await startTestBroker({
    plugins: [aPlugin((context) => context.hook('connect', () => drop(0x87, tooLong)))],
  });
  const client = world.client(5);
  expect((await client.connect({ clientId: 'c' })).reasonCode).toBe(0x83);
  expect(client.closed).toBe(true);
  expect(world.errors).toMatchObject([{ cause: { code: 'SLUICE_HOOK_ANSWER' } }]);
});

describe('connection', () => {
  test('a denial closes without a word, before anything is read', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) =>
          context.hook('connection', async ({ connection }) => {
            seen.push(connection.transport);
            return connection.remoteAddress === '192.0.2.1' ? deny() : undefined;
          }),
        ),
      ],
    });
    const bad = world.client(5, { remoteAddress: '192.0.2.1', transport: 'ws' });
    bad.send(connectPacket(5, { clientId: 'c' }));
    await world.settle();
    expect([bad.closed, bad.received()]).toEqual([true, []]);
    const good = world.client(5, { remoteAddress: '192.0.2.2', transport: 'ws' });
    expect((await good.connect({ clientId: 'c' })).reasonCode).toBe(0);
    expect(seen).toEqual(['ws', 'ws']);
  });

  test('a stream that fails while the hook thinks harms nobody', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('connection', gate.wait))],
    });
    const client = world.client(5);
    await client.drop(new Error('reset'));
    gate.open();
    await world.settle();
    expect(world.broker.stats).toMatchObject({ connections: 0, refusedTotal: 1 });
    expect(world.errors).toEqual([]);
  });
});

describe('connect', () => {
  test('changes what the broker sees, before authentication', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('connect', async ({ packet }) => ({
            clientId: `tenant-${packet.clientId}`,
            keepAlive: 7,
            will: aWill('rewritten'),
          }));
          context.hook('authenticate', ({ clientId }) => {
            seen.push(clientId);
            return allow();
          });
          context.hook('connected', ({ client }) => void seen.push(client.clientId));
        }),
      ],
    });
    const watcher = world.client(5);
    await watcher.connect({ clientId: 'w' });
    await watcher.subscribe('rewritten');
    const client = await world.connect('c');
    expect(seen).toEqual(['tenant-w', 'tenant-w', 'tenant-c', 'tenant-c']);
    watcher.send(pingreq);
    await world.advance(10_499);
    watcher.send(pingreq);
    await world.advance(2);
    expect(client.closed).toBe(true);
    expect(await watcher.payloads()).toEqual(['gone']);
  });

  test.each([
    ['c', 60, undefined, 7],
    ['c', 7, undefined, undefined],
    ['', 60, 'tenant-', 7],
  ] as const)(
    'a client with the name "%s" and keep alive %i is told what it could not know',
    async (clientId, keepAlive, assigned, told) => {
      const world = await startTestBroker({
        plugins: [
          aPlugin((context) =>
            context.hook('connect', ({ packet }) => ({
              clientId: `tenant-${packet.clientId}`,
              keepAlive: 7,
            })),
          ),
        ],
      });
      const { properties } = await world.client(5).connect({ clientId, keepAlive });
      expect(properties.assignedClientIdentifier).toBe(assigned);
      expect(properties.serverKeepAlive).toBe(told);
    },
  );

  test.each([
    [5, 0x97],
    [4, 3],
  ] as const)('a drop refuses version %i', async (version, code) => {
    const world = await startTestBroker({
      plugins: [aPlugin((context) => context.hook('connect', () => drop(0x97)))],
    });
    expect((await world.client(version).connect({ clientId: 'c' })).reasonCode).toBe(code);
  });
});

describe('authenticate', () => {
  test('gives an identity and attributes that later hooks see', async () => {
    const seen: unknown[] = [];
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authenticate', ({ userName, password }) =>
            text(password) === 'right'
              ? allow({ identity: `id-${userName}`, attributes: { role: 'admin' } })
              : deny(0x86),
          );
          context.hook('authorizePublish', ({ client }) => {
            const { role } = client.attributes;
            seen.push([client.identity, role, client.userName]);
            return allow();
          });
        }),
      ],
    });
    const password = Buffer.from('right');
    const client = await world.connect('c', { userName: 'u', password });
    await client.publish('a', 'x');
    expect(seen).toEqual([['id-u', 'admin', 'u']]);
    const wrong = { clientId: 'd', userName: 'u', password: Buffer.from('wrong') };
    expect((await world.client(5).connect(wrong)).reasonCode).toBe(0x86);
  });

  test('two clients that wait with the same client identifier do not get each other’s session', async () => {
    const gate = new Gate();
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authenticate', ({ userName }) => allow({ identity: userName ?? '' }));
          // Between authentication and session.
          context.hook('authorizePublish', async ({ client }) => {
            if (client.identity === 'alice') await gate.wait();
            return allow();
          });
        }),
      ],
    });
    const alice = world.client(5);
    alice.send(
      connectPacket(5, { clientId: 'c', userName: 'alice', will: aWill('w'), ...durable }),
    );
    await world.settle();
    const bob = await world.connect('c', { userName: 'bob', ...durable });
    await bob.subscribe('secret');
    gate.open();
    expect((await alice.receive('connack')).reasonCode).toBe(0x87);
    expect(bob.closed).toBe(false);
  });

  test('a hook that misses its deadline, throws or rejects refuses', async () => {
    const failures: (() => unknown)[] = [
      () => new Promise(() => {}),
      () => {
        throw new Error('thrown');
      },
      () => Promise.reject(new Error('rejected')),
    ];
    for (const failure of failures) {
      const world = await startTestBroker({
        plugins: [aPlugin((context) => context.hook('authenticate', failure as never))],
      });
      const client = world.client(5);
      client.send(connectPacket(5, { clientId: 'c' }));
      await world.advance(5_000);
      expect((await client.receive('connack')).reasonCode).toBeGreaterThanOrEqual(0x80);
      expect(client.closed).toBe(true);
      expect(world.errors).toHaveLength(1);
    }
  });
});

test('who authenticates again as somebody else is not told of a success first', async () => {
  let identity = 'one';
  const world = await startTestBroker({
    plugins: [aPlugin((context) => context.hook('exchange', () => allow({ identity })))],
  });
  const properties = { authenticationMethod: 'm' };
  const client = await world.connect('c', { properties });
  identity = 'two';
  const { auth: type } = PacketType;
  client.send({ type, reasonCode: ReasonCode.reauthenticate, properties });
  await world.settle();
  expect(client.history).toEqual(['connack', 'disconnect']);
  expect(client.disconnectCode).toBe(ReasonCode.notAuthorized);
});

test.each([0, 5])(
  'the will of who authenticated again is asked about by what is known since, delay %i',
  async (willDelayInterval) => {
    let role = 'writer';
    const world = await startTestBroker({
      plugins: [
        aPlugin(({ hook }) => {
          hook('exchange', () => allow({ attributes: { role } }));
          hook('authorizePublish', ({ client }) => {
            const { role: known } = client?.attributes ?? {};
            return known === 'writer' ? allow() : deny();
          });
        }),
      ],
    });
    const properties = { authenticationMethod: 'm', sessionExpiryInterval: 100 };
    const will = aWill('w', 'gone', { properties: { willDelayInterval } });
    const client = await world.connect('c', { properties, will });
    role = 'reader';
    const { authenticationMethod } = properties;
    const { auth: type } = PacketType;
    client.send({
      type,
      reasonCode: ReasonCode.reauthenticate,
      properties: { authenticationMethod },
    });
    await world.settle();
    await client.drop();
    await world.advance(5_000);
    expect(world.dropped('not-authorized')).toBe(1);
  },
);

test('who authenticates again and belongs to another server is told which', async () => {
  let verdict: Allow<never> | Deny = allow();
  const world = await startTestBroker({
    plugins: [aPlugin((context) => context.hook('exchange', () => verdict))],
  });
  const properties = { authenticationMethod: 'm' };
  const client = await world.connect('c', { properties });
  verdict = redirect('other.example');
  const { auth: type } = PacketType;
  client.send({ type, reasonCode: ReasonCode.reauthenticate, properties });
  expect(await client.receive('disconnect')).toMatchObject({
    reasonCode: ReasonCode.useAnotherServer,
    properties: { serverReference: 'other.example' },
  });
});
