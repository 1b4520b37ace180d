import { encodePacket, PacketType, ReasonCode } from '@sluice/packet';
import { allow, deny, drop, type HookName, type PluginContext } from '@sluice/plugin';
import { expect, test } from 'vitest';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

type Setup = (context: PluginContext) => void;

/** No PUBACK, SUBACK or UNSUBACK may carry it. */
const foreign = ReasonCode.banned;

function worldOf(setup: Setup) {
  // Who watches packets decodes what is written: a code that does not belong there must not even leave.
  const watched: HookName[] = ['packetSent'];
  return startTestBroker({
    plugins: [
      aPlugin((context) => {
        setup(context);
        for (const name of watched) context.hook(name, () => {});
      }),
    ],
  });
}

test.each<[string, Setup]>([
  ['authorizePublish', (context) => context.hook('authorizePublish', () => deny(foreign))],
  ['publish', (context) => context.hook('publish', () => drop(foreign))],
  ['route', (context) => context.hook('route', () => drop(foreign))],
])('a PUBLISH that %s refuses is answered with a code that belongs there', async (_, setup) => {
  const world = await worldOf(setup);
  const client = await world.connect('c');
  expect(await client.publish('a', 'x', { qos: 1 })).toBe(ReasonCode.notAuthorized);
  expect(await client.publish('a', 'x', { qos: 2 })).toBe(ReasonCode.notAuthorized);
});

test('a drop behind a success that is none of a PUBACK is told as success', async () => {
  const world = await worldOf((context) =>
    context.hook('publish', () => drop(ReasonCode.grantedQos1)),
  );
  const client = await world.connect('c');
  expect(await client.publish('a', 'x', { qos: 1 })).toBe(ReasonCode.success);
});

test.each<[string, Setup]>([
  ['authorizeSubscribe', (context) => context.hook('authorizeSubscribe', () => deny(foreign))],
  ['subscribe', (context) => context.hook('subscribe', () => drop(foreign))],
])('a SUBSCRIBE that %s refuses is answered with a code that belongs there', async (_, setup) => {
  const client = await (await worldOf(setup)).connect('c');
  expect((await client.subscribe('a')).reasonCodes).toEqual([ReasonCode.notAuthorized]);
});

test('an UNSUBSCRIBE that is refused is answered with a code that belongs there', async () => {
  const world = await worldOf((context) => context.hook('unsubscribe', () => drop(foreign)));
  const client = await world.connect('c');
  expect((await client.unsubscribe('a')).reasonCodes).toEqual([ReasonCode.notAuthorized]);
});

test('a CONNECT that is refused is answered with a code that belongs there', async () => {
  const world = await worldOf((context) =>
    context.hook('authenticate', () => deny(ReasonCode.sessionTakenOver)),
  );
  const { reasonCode } = await world.client(5).connect({ clientId: 'c' });
  expect(reasonCode).toBe(ReasonCode.notAuthorized);
});

test('who fails to authenticate again is disconnected with a code that belongs there', async () => {
  let asked = 0;
  const world = await worldOf((context) =>
    context.hook('exchange', () =>
      asked++ === 0 ? allow() : deny(ReasonCode.badAuthenticationMethod),
    ),
  );
  const properties = { authenticationMethod: 'm' };
  const client = await world.connect('c', { properties });
  const type = PacketType.auth;
  client.send(encodePacket({ type, reasonCode: ReasonCode.reauthenticate, properties }, 5));
  await world.settle();
  expect([client.disconnectCode, client.closed]).toEqual([ReasonCode.notAuthorized, true]);
});
