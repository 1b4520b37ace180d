import { allow, DropReason, deny, drop } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { acknowledgement } from '../support/packets.ts';
import {
  aPlugin,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** How one message is dropped; whose counters it is in. */
interface Case {
  readonly options?: TestBrokerOptions;
  readonly whose: 'receiver' | 'publisher' | 'nobody';
  /** The client is `c`. */
  run(world: TestBroker): Promise<void>;
}

async function offlineWith(world: TestBroker, ...payloads: readonly string[]): Promise<void> {
  const client = await world.connect('c', durable);
  await client.subscribe('a');
  await client.drop();
  for (const payload of payloads) {
    const properties = payload === 'brief' ? { messageExpiryInterval: 1 } : {};
    await world.publish('a', payload, { qos: 1, properties });
  }
}

/** Every reason has a case: the compiler asks for one. */
const cases: { readonly [Reason in DropReason]: Case } = {
  expired: {
    whose: 'receiver',
    run: async (world) => {
      await offlineWith(world, 'brief');
      await world.advance(2_000);
      await world.connect('c', durable);
    },
  },
  offline: {
    whose: 'receiver',
    run: async (world) => {
      await offlineWith(world);
      await world.publish('a', 'x');
    },
  },
  'queue-full': {
    whose: 'receiver',
    options: { limits: { maxQueuedMessages: 1 } },
    run: (world) => offlineWith(world, '1', '2'),
  },
  'slow-receiver': {
    whose: 'receiver',
    options: { limits: { maxOutputBytes: 65_536 } },
    run: async (world) => {
      const client = await world.connect('c');
      await client.subscribe('a');
      client.stream.stall();
      await world.publish('a', 'x'.repeat(70_000));
      await world.publish('a', 'x');
    },
  },
  overload: {
    whose: 'receiver',
    options: { limits: { maxMemoryBytes: 85_000 } },
    run: async (world) => {
      const client = await world.connect('c');
      await client.subscribe('a');
      client.stream.stall();
      await world.publish('a', 'x'.repeat(70_000));
      await world.advance(250);
      await world.publish('a', 'x');
    },
  },
  'packet-too-large': {
    whose: 'receiver',
    run: async (world) => {
      const client = await world.connect('c', { properties: { maximumPacketSize: 40 } });
      await client.subscribe('a');
      await world.publish('a', 'x'.repeat(50));
    },
  },
  invalid: {
    whose: 'publisher',
    run: async (world) => {
      const client = await world.connect('c');
      await client.publish('$SYS/x', 'x');
    },
  },
  'not-authorized': {
    whose: 'publisher',
    options: { plugins: [aPlugin(({ hook }) => hook('authorizePublish', () => deny()))] },
    run: async (world) => {
      const client = await world.connect('c');
      await client.publish('a', 'x');
    },
  },
  hook: {
    whose: 'publisher',
    options: { plugins: [aPlugin(({ hook }) => hook('publish', () => drop()))] },
    run: async (world) => {
      const client = await world.connect('c');
      await client.publish('a', 'x');
    },
  },
  replaced: {
    whose: 'receiver',
    options: {
      plugins: [aPlugin(({ hook }) => hook('enqueue', () => allow({ replaceKey: 'k' })))],
    },
    run: async (world) => {
      const client = await world.connect('c', {
        acknowledges: false,
        properties: { receiveMaximum: 1 },
      });
      await client.subscribe('a');
      for (const payload of ['in flight', 'old', 'new'])
        await world.publish('a', payload, { qos: 1 });
    },
  },
  'session-ended': {
    whose: 'nobody',
    run: async (world) => {
      await offlineWith(world, '1');
      await world.advance(1_000_001);
    },
  },
  refused: {
    whose: 'receiver',
    run: async (world) => {
      const client = await world.connect('c', { acknowledges: false });
      await client.subscribe('a');
      await world.publish('a', 'x', { qos: 1 });
      const [message] = await client.messages();
      client.send(acknowledgement('puback', message?.packetId ?? 0, 0x80));
      await world.settle();
    },
  },
  'retained-full': {
    whose: 'publisher',
    options: { limits: { maxRetainedMessages: 0 } },
    run: async (world) => {
      const client = await world.connect('c');
      await client.publish('a', 'x', { retain: true });
    },
  },
};

describe('a message that is dropped', () => {
  test.each(Object.entries(cases))('counts as %s, in total and for its client', async (...one) => {
    const [reason, { options, run, whose }] = one;
    const told: unknown[] = [];
    const watching = aPlugin(({ hook }) => {
      hook('dropped', (event) => void told.push(event.reason));
    }, 'watching');
    const world = await startTestBroker({
      ...options,
      plugins: [watching, ...(options?.plugins ?? [])],
    });
    await run(world);
    await world.settle();
    const counted = [...world.broker.stats.dropped].filter(([, count]) => count > 0);
    expect(counted).toEqual([[reason, 1]]);
    expect([...world.broker.stats.dropped.keys()]).toEqual(Object.values(DropReason));
    const traffic = world.broker.sessions.get('c')?.traffic;
    if (whose === 'nobody') {
      expect(traffic).toBeUndefined();
      return;
    }
    expect(told).toEqual([reason]);
    const both = { receiver: traffic?.dropped, publisher: traffic?.droppedOwn };
    const other = whose === 'receiver' ? 'publisher' : 'receiver';
    expect(both[whose]).toEqual(new Map([[reason, 1]]));
    expect(both[other]).toEqual(new Map());
  });

  test('counts for its receiver where authorizeDeliver denies it', async () => {
    const world = await startTestBroker({
      plugins: [aPlugin(({ hook }) => hook('authorizeDeliver', () => deny()))],
    });
    const client = await world.connect('c');
    await client.subscribe('a');
    await client.publish('a', 'x');
    const traffic = world.broker.sessions.get('c')?.traffic;
    expect(traffic?.dropped).toEqual(new Map([['not-authorized', 1]]));
    expect(traffic?.droppedOwn).toEqual(new Map());
  });

  test('that was lent to the reader of the counters stays as it was', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.publish('$SYS/x', 'x');
    const before = world.broker.sessions.get('c')?.traffic;
    await client.publish('$SYS/x', 'x');
    expect(before?.droppedOwn.get('invalid')).toBe(1);
    expect(world.broker.sessions.get('c')?.traffic.droppedOwn.get('invalid')).toBe(2);
  });
});
