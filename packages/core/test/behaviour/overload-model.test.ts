import { describe, expect, test } from 'vitest';
import { SlowReceiver } from '../../src/index.ts';
import { publishPacket } from '../support/packets.ts';
import { startTestBroker } from '../support/test-broker.ts';
import type { TestClient } from '../support/test-client.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const megabyte = 1_048_576;
const maxMemoryBytes = 2 * megabyte;
const sampleMs = 250;
const publishers = 4;
/** What a publisher sends between two looks at the memory, if it is read from. */
const burstBytes = 60_000;
const policies = Object.values(SlowReceiver);

/** Clients that publish as fast as they are read from, to clients that take it or do not, one of them absent. */
async function aLoad(seed: number) {
  const environment = new VirtualEnvironment({ seed });
  const dice = (sides: number) => (environment.random(4)[0] as number) % sides;
  const slowReceiver = policies[dice(policies.length)] as SlowReceiver;
  const world = await startTestBroker({
    limits: { maxMemoryBytes, maxOutputBytes: 262_144 },
    more: { slowReceiver, queueOverflow: dice(2) === 0 ? 'drop-oldest' : 'drop-newest' },
  });
  const levels: string[] = [];
  world.broker.on('overload', ({ level }) => levels.push(level));
  const absent = await world.connect('absent', {
    cleanStart: false,
    properties: { sessionExpiryInterval: 10_000 },
  });
  await absent.subscribe('#', { qos: 1 });
  await absent.drop();
  const sources: TestClient[] = [];
  for (let index = 0; index < publishers; index++) sources.push(await world.connect(`p${index}`));
  const readers: TestClient[] = [];
  const connectReader = async (index: number) => {
    const reader = world.client();
    readers[index] = reader;
    const { reasonCode } = await reader.connect({ clientId: `r${index}` });
    if (reasonCode === 0) await reader.subscribe('t/#', { qos: dice(2) as 0 | 1 });
  };
  for (const index of [0, 1, 2]) await connectReader(index);

  const publish = async () => {
    for (const source of sources) {
      // As TCP has it: who is not read from cannot send.
      if (source.stream.readableLength > 0) continue;
      for (let sent = 0; sent < burstBytes; sent += 10_000) {
        const packetId = source.packetId() % 60_000;
        source.send(publishPacket(`t/${dice(5)}`, 'x'.repeat(9_900), { qos: 1, packetId }));
      }
    }
    await world.settle();
  };
  return { world, levels, readers, connectReader, publish, dice };
}

describe.each(Array.from({ length: 6 }, (_, seed) => seed))(
  'memory under load, seed %i',
  (seed) => {
    test('stays within its bound, and recovers', async () => {
      const { world, levels, readers, connectReader, publish, dice } = await aLoad(seed);
      let most = 0;
      for (let round = 0; round < 200; round++) {
        const index = dice(30);
        const reader = readers[index];
        if (reader?.closed === true) await connectReader(index);
        else if (dice(2) === 0) reader?.stream.stall();
        else reader?.stream.unstall();
        await publish();
        await world.advance(sampleMs);
        most = Math.max(most, world.broker.stats.memoryBytes);
      }
      expect(levels).toContain('refusing');
      // Each burst may wait for each receiver, until the memory is looked at again.
      const receivers = readers.length + 1;
      expect(most).toBeLessThan(maxMemoryBytes + 2 * publishers * burstBytes * receivers);
      for (const reader of readers) reader.stream.unstall();
      void world.broker.sessions.end('absent');
      await world.advance(10_000);
      expect(world.broker.stats).toMatchObject({ overload: 'none', heldClients: 0 });
      const late = await world.connect('late');
      const before = world.broker.stats.messagesReceived;
      await late.publish('t/1', 'x');
      expect(world.broker.stats.messagesReceived).toBeGreaterThan(before);
    });

    test('does not swing while the load is the same', async () => {
      const { world, levels, publish } = await aLoad(seed);
      for (let round = 0; round < 200; round++) {
        await publish();
        await world.advance(sampleMs);
      }
      // Fifty seconds: up at once, and hardly ever down again.
      expect(levels.length).toBeLessThanOrEqual(6);
    });
  },
);
