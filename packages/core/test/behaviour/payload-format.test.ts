import { expect, test } from 'vitest';
import { aWill, publishPacket } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';

const notUtf8 = Buffer.from([0xff, 0xfe]);
const properties = { payloadFormatIndicator: 1 } as const;

test.each([
  [1, 'puback'],
  [2, 'pubrec'],
] as const)(
  'a wrong payload at QoS %i is refused where formats are checked',
  async (qos, answer) => {
    const world = await startTestBroker({ features: { payloadFormatCheck: true } });
    const reader = await world.connect('r');
    await reader.subscribe('a');
    const client = await world.connect('c');
    client.send(publishPacket('a', notUtf8, { qos, packetId: 1, properties }));
    expect(await client.receive(answer)).toMatchObject({ packetId: 1, reasonCode: 0x99 });
    // Unannounced bytes and announced text are as good as ever.
    client.send(publishPacket('a', notUtf8, { qos, packetId: 2 }));
    client.send(publishPacket('a', 'text', { qos, packetId: 3, properties }));
    expect(await reader.messages()).toHaveLength(2);
  },
);

test('a wrong payload at QoS 0 ends the connection', async () => {
  const world = await startTestBroker({ features: { payloadFormatCheck: true } });
  const client = await world.connect('c');
  client.send(publishPacket('a', notUtf8, { properties }));
  await world.settle();
  expect(client.disconnectCode).toBe(0x99);
});

test('nothing is checked by default', async () => {
  const world = await startTestBroker();
  const client = await world.connect('c');
  await client.subscribe('a');
  client.send(publishPacket('a', notUtf8, { properties }));
  expect(await client.messages()).toHaveLength(1);
});

test.each([
  [notUtf8, properties, 0x99],
  [notUtf8, {}, 0],
  [Buffer.from('text'), properties, 0],
])('a will is checked in CONNECT: %j %j', async (payload, willProperties, code) => {
  const world = await startTestBroker({ features: { payloadFormatCheck: true } });
  const will = { ...aWill('w'), payload, properties: willProperties };
  expect((await world.client(5).connect({ clientId: 'c', will })).reasonCode).toBe(code);
});
