import { cp, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelPersistence } from '@sluice/persistence-level';
import { expect, onTestFinished } from 'vitest';
import { aWill, pingreq, publishPacket } from '../../../packages/core/test/support/packets.ts';
import { memoryStore } from '../../../packages/core/test/support/stores.ts';
import { WatchedPersistence } from '../../../packages/core/test/support/watched-persistence.ts';
import { AttackWorld } from '../attack-world.ts';
import type { Attack } from './attack.ts';

const hourMs = 3_600_000;
const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-hostile-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A store of one session, as a process that was killed leaves it. */
async function killedStore(): Promise<string> {
  const directory = await temporaryDirectory();
  const path = join(directory, 'store');
  const persistence = new LevelPersistence({ path });
  const world = await AttackWorld.start({ persistence: () => persistence }, {}, []);
  const keeper = await world.connect('keeper', durable);
  await keeper.subscribe('kept');
  await keeper.drop();
  for (let count = 0; count < 20; count++) {
    await world.broker.publish({ topic: 'kept', payload: String(count), qos: 1 });
  }
  const image = join(directory, 'image');
  await cp(path, image, { recursive: true });
  await world.broker.close();
  return image;
}

/** Number of messages that a broker finds in such a store; or why it does not start. */
async function foundIn(path: string): Promise<number | string> {
  const persistence = new LevelPersistence({ path });
  try {
    const world = await AttackWorld.start({ persistence: () => persistence }, {}, []);
    const { length } = await (await world.connect('keeper', durable)).payloads();
    await world.broker.close();
    return length;
  } catch (error) {
    await persistence.close().catch(() => {});
    return (error as { code?: string }).code ?? String(error);
  }
}

/** What time, disks and operators do to a broker. */
export const surroundings: readonly Attack[] = [
  {
    id: 'S30',
    name: '`kill -9` while messages of QoS 1 and 2 are on their way',
    outcome: 'what was acknowledged is there after the next start, QoS 2 once',
    bound:
      '[commits](persistence.md); at each write point and with power cuts: [crashes](testing.md#crashes-of-real-processes)',
    store: 'LevelDB',
    async run(world) {
      const path = join(await temporaryDirectory(), 'store');
      const start = async (from: string) => {
        const persistence = new LevelPersistence({ path: from, durability: 'write' });
        return await AttackWorld.start({ persistence: () => persistence }, {}, []);
      };
      const victim = await start(path);
      const keeper = await victim.connect('keeper', durable);
      await keeper.subscribe('kept');
      await keeper.drop();
      const publisher = await victim.connect('publisher', durable);
      const acknowledged: string[] = [];
      for (let round = 0; round < 5; round++) {
        for (let count = 0; count < 10; count++) {
          const payload = `${round}/${count}`;
          const qos = count % 2 === 0 ? 1 : 2;
          await publisher.publish('kept', payload, { qos });
          acknowledged.push(payload);
        }
        publisher.send(publishPacket('kept', 'perhaps', { qos: 1, packetId: 60_000 + round }));
        // What lies on the disk at this moment is what a kill leaves.
        const image = `${path}-${round}`;
        await cp(path, image, { recursive: true });
        const next = await start(image);
        const found = await (await next.connect('keeper', durable)).payloads();
        expect(found.filter((payload) => payload !== 'perhaps')).toEqual(acknowledged);
        await next.broker.close();
        await world.settle();
      }
      await victim.dropAll();
      await victim.broker.close();
    },
  },
  {
    id: 'S31',
    name: 'A store whose last record is torn, whose files are empty or missing, that is open elsewhere or comes from a newer version',
    outcome:
      'a torn end is cut off; everything else is refused at the start by its code, and left as it is',
    bound: '[errors](errors.md)',
    store: 'LevelDB',
    async run() {
      const image = await killedStore();
      const outcomes: Record<string, number | string> = {};
      const damage = async (name: string, how: (directory: string) => Promise<void>) => {
        const copy = `${image}-${name}`;
        await cp(image, copy, { recursive: true });
        await how(join(copy, 'store'));
        outcomes[name] = await foundIn(copy);
      };
      const fileOf = async (directory: string, pattern: RegExp) => {
        const found = (await readdir(directory)).filter((name) => pattern.test(name));
        return join(directory, found.at(-1) ?? '');
      };
      await damage('whole', async () => {});
      await damage('no-manifest', async (directory) => rm(await fileOf(directory, /^MANIFEST/)));
      await damage('empty-current', async (directory) => writeFile(join(directory, 'CURRENT'), ''));
      await damage('no-log', async (directory) => truncate(await fileOf(directory, /\.log$/), 0));
      const open = new LevelPersistence({ path: image });
      await open.open();
      outcomes['open elsewhere'] = await foundIn(image);
      await open.close();
      expect(outcomes).toEqual({
        whole: 20,
        'no-manifest': 'SLUICE_LEVEL_CORRUPT',
        'empty-current': 'SLUICE_LEVEL_CORRUPT',
        'no-log': 'SLUICE_LEVEL_ROLLED_BACK',
        'open elsewhere': 'SLUICE_LEVEL_LOCKED',
      });
    },
  },
  {
    id: 'S31',
    name: 'A disk that is full, or fails, while clients publish',
    outcome:
      'nothing is acknowledged that is not stored; what needs no disk goes on; everything that waited is stored when the disk works again',
    bound: '`maxPendingCommitBytes`',
    async run(world) {
      const persistence = new WatchedPersistence(memoryStore().persistence());
      const victim = await AttackWorld.start({ persistence: () => persistence }, {}, []);
      const keeper = await victim.connect('keeper', durable);
      await keeper.subscribe('kept');
      await keeper.drop();
      const publisher = await victim.connect('publisher');
      const reader = await victim.connect('reader');
      await reader.subscribe('live', { qos: 0 });
      persistence.failure = new Error('No space left on device');
      publisher.send(publishPacket('kept', 'stored later', { qos: 1, packetId: 1 }));
      publisher.send(publishPacket('live', 'at once'));
      await victim.until(() => victim.errors.length > 0, 'the failure is told');
      expect(publisher.history).toEqual(['connack']);
      await (await victim.connect('other')).publish('live', 'at once');
      expect((await reader.payloads()).length).toBeGreaterThan(0);
      persistence.failure = undefined;
      await victim.until(() => publisher.history.includes('puback'), 'the acknowledgement');
      expect(await (await victim.connect('keeper', durable)).payloads()).toEqual(['stored later']);
      await victim.dropAll();
      await victim.broker.close();
      await world.settle();
    },
  },
  {
    id: 'S32',
    name: 'A clock that is set forward and back by an hour; expiry and will delay of more than 24.8 days',
    outcome: 'no session, will or message ends early; nobody is closed',
    bound: 'a clock that only goes forward; no timer is longer than Node can wait',
    fills: ['sessions', 'subscriptions'],
    async run(world) {
      const watcher = await world.connect('watcher');
      await watcher.subscribe('wills');
      const properties = { sessionExpiryInterval: 3_000_000 };
      const will = aWill('wills', 'x', { properties: { willDelayInterval: 2_999_999 } });
      const keeper = await world.connect('keeper', { cleanStart: false, properties, will });
      await keeper.subscribe('kept');
      await keeper.drop();
      for (const ms of [hourMs, -hourMs, -hourMs, hourMs]) {
        world.environment.jump(ms);
        await world.broker.publish({ topic: 'kept', payload: String(ms), qos: 1 });
        await world.settle();
        for (let count = 0; count < 10; count++) await world.turn();
      }
      expect(await watcher.payloads()).toEqual([]);
      const { version, ...fields } = { version: 5 as const, cleanStart: false, properties };
      const back = await world.connect('keeper', { version, ...fields });
      expect(await back.payloads()).toEqual([hourMs, -hourMs, -hourMs, hourMs].map(String));
      expect(watcher.closed).toBe(false);
    },
  },
  {
    id: 'S34',
    name: 'A keep alive of one second while the event loop stands still for two',
    outcome: 'nobody is closed for a delay of our own: what lies in the socket is read first',
    bound: 'a second look, after reading',
    async run(world) {
      const clients = await Promise.all(
        Array.from({ length: 50 }, (_, index) => world.connect(`hasty-${index}`, { keepAlive: 1 })),
      );
      for (let round = 0; round < 5; round++) {
        // What came meanwhile lies in the socket when the loop goes on.
        world.environment.block(2_000);
        for (const client of clients) client.send(pingreq);
        await world.settle();
      }
      expect(clients.filter(({ closed }) => closed)).toEqual([]);
      world.environment.block(2_000);
      await world.until(() => clients.every(({ closed }) => closed), 'who is silent is closed');
      expect(clients[0]?.disconnectCode).toBe(0x8d);
    },
  },
  {
    id: 'S36',
    name: '`close()` during traffic, twice, with clients that connect, publish and vanish meanwhile',
    outcome:
      '5.0 clients get 0x8B; wills are published and queues are stored; what was acknowledged is there after the next start',
    bound: 'the grace that `close` is given',
    async run(world) {
      const path = join(await temporaryDirectory(), 'store');
      await mkdir(path);
      const start = async () => {
        const persistence = new LevelPersistence({ path, durability: 'write' });
        return await AttackWorld.start({ persistence: () => persistence }, {}, []);
      };
      const victim = await start();
      const keeper = await victim.connect('keeper', durable);
      await keeper.subscribe('kept', { qos: 1 });
      await keeper.drop();
      const publishers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          victim.connect(`p-${index}`, { will: aWill('kept', 'will', { qos: 1 }) }),
        ),
      );
      for (const publisher of publishers) {
        for (let packetId = 1; packetId <= 20; packetId++) {
          publisher.send(publishPacket('kept', 'x', { qos: 1, packetId }));
        }
      }
      await victim.turn();
      const closing = victim.broker.close({ graceMs: 200 });
      expect(victim.broker.close()).toBe(closing);
      publishers[0]?.stream.destroy();
      const late = victim.client();
      await closing;
      await world.settle();
      expect(late.closed).toBe(true);
      expect(publishers.slice(1).map(({ disconnectCode }) => disconnectCode)).toEqual(
        publishers.slice(1).map(() => 0x8b),
      );
      const acknowledged = publishers.flatMap(({ history }) =>
        history.filter((name) => name === 'puback'),
      ).length;
      const next = await start();
      const found = await (await next.connect('keeper', durable)).payloads();
      expect(found.filter((payload) => payload === 'will')).toHaveLength(20);
      expect(found.filter((payload) => payload === 'x').length).toBeGreaterThanOrEqual(
        acknowledged,
      );
      await next.dropAll();
      await next.broker.close();
    },
  },
];
