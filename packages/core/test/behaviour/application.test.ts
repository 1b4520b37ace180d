import { runInNewContext } from 'node:vm';
import { BrokerError, type Message } from '@sluice/plugin';
import { describe, expect, test } from 'vitest';
import { text } from '../support/packets.ts';
import { aPlugin, startTestBroker } from '../support/test-broker.ts';

const durable = { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

function told(message: Message): string {
  return `${message.topic} ${text(message.payload)} ${message.qos}${message.retain ? ' retained' : ''}`;
}

describe('publish', () => {
  test('settles when the message is durable', async () => {
    const world = await startTestBroker();
    await (await world.connect('c', durable)).subscribe('a');
    await (await world.connect('c', durable)).drop();
    world.persistence.hold();
    let settled = false;
    const published = world.broker.publish({ topic: 'a', payload: 'x', qos: 1 }).then(() => {
      settled = true;
    });
    await world.settle();
    expect(settled).toBe(false);
    world.persistence.release();
    await world.settle();
    await published;
    await world.crash();
    expect(await (await world.connect('c', durable)).payloads()).toEqual(['x']);
  });

  test.each([
    [{ topic: '', payload: '' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 'a/#', payload: '' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 'a\u0000', payload: '' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 1, payload: '' }, 'SLUICE_TOPIC_NAME'],
    [{ topic: 'a', payload: '', qos: 3 }, 'SLUICE_QOS'],
    [{ topic: 'a', payload: '', retain: 'yes' }, 'SLUICE_PROPERTIES'],
    [{ topic: 'a', payload: 1 }, 'SLUICE_PAYLOAD'],
    [{ topic: 'a' }, 'SLUICE_PAYLOAD'],
  ])('refuses %o', async (message, code) => {
    const world = await startTestBroker();
    await expect(world.broker.publish(message as never)).rejects.toMatchObject({ code });
  });

  test.each([
    [['a', 'x'], /an object with a topic and a payload, not "a"/],
    [[undefined], /an object with a topic and a payload, not undefined/],
    [[{ topic: 'a', payload: { x: 1 } }], /not object: use String\(value\) or JSON.stringify/],
    [[{ topic: 'a' }], /not undefined: .*'' for none/],
    [
      [{ topic: 'a', payload: '', properties: { foo: 1 } }],
      /sent: properties.foo cannot be set\.$/,
    ],
  ])('says what is wrong with %o', async (given, message) => {
    const world = await startTestBroker();
    const publish = world.broker.publish.bind(world.broker) as (...given: unknown[]) => unknown;
    await expect(publish(...given)).rejects.toThrow(message);
  });

  test('takes bytes of another context of Node, as of Jest with a page', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a');
    await world.publish('a', runInNewContext('new Uint8Array([120])'));
    expect(await client.payloads()).toEqual(['x']);
  });

  test('copies the payload, which the caller may use again', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a');
    const payload = Buffer.from('before');
    const published = world.broker.publish({ topic: 'a', payload, qos: 1 });
    payload.fill('x');
    await world.settle();
    await published;
    expect(await client.payloads()).toEqual(['before']);
  });

  test('refuses properties that a message cannot have, and publishes nothing', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('a');
    for (const properties of [{ topicAlias: 1 }, { contentType: 7 }, { userProperties: [['a']] }]) {
      const message = { topic: 'a', payload: 'x', properties } as never;
      await expect(world.broker.publish(message)).rejects.toMatchObject({
        code: 'SLUICE_PROPERTIES',
        cause: { code: 'SLUICE_HOOK_ANSWER' },
      });
    }
    expect(await client.messages()).toEqual([]);
  });

  test('may go anywhere, past access rules but not past the hook publish', async () => {
    const world = await startTestBroker({
      plugins: [
        aPlugin((context) => {
          context.hook('authorizePublish', () => ({
            allowed: false,
            reasonCode: 0x87,
            reasonString: undefined,
          }));
          context.hook('publish', ({ client, message }) =>
            client === undefined ? { payload: `${text(message.payload)}!` } : undefined,
          );
        }),
      ],
    });
    const client = await world.connect('c');
    await client.subscribe('$SYS/#');
    await world.publish('$SYS/x', 'x');
    expect(await client.payloads()).toEqual(['x!']);
  });
});

describe('subscribe with a listener', () => {
  test('gets messages of clients and of the application, in order', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    await world.publish('a/kept', 'k', { retain: true, qos: 1 });
    const subscription = world.broker.subscribe('a/+', (message) => void seen.push(told(message)));
    await world.settle();
    const client = await world.connect('c');
    await client.publish('a/1', '1', { qos: 2 });
    await world.publish('a/2', '2');
    await client.publish('b', '3');
    await client.publish('a/4', '4', { retain: true });
    expect(seen).toEqual(['a/kept k 1 retained', 'a/1 1 2', 'a/2 2 0', 'a/4 4 0 retained']);
    expect(world.broker.stats.subscriptions).toBe(1);
    subscription.close();
    subscription.close();
    await world.publish('a/5', '5');
    expect(seen).toHaveLength(4);
    expect(world.broker.stats.subscriptions).toBe(0);
  });

  test('without retained messages where it says so', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    await world.publish('a', 'k', { retain: true });
    world.broker.subscribe('a', (message) => void seen.push(told(message)), { retained: false });
    await world.publish('a', 'x');
    expect(seen).toEqual(['a x 0']);
  });

  test('the next message waits for the promise of the one before', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    const releases: (() => void)[] = [];
    world.broker.subscribe('a', async (message) => {
      seen.push(text(message.payload));
      await new Promise<void>((go) => releases.push(go));
    });
    for (const payload of ['1', '2', '3']) await world.publish('a', payload);
    expect(seen).toEqual(['1']);
    releases.shift()?.();
    await world.settle();
    expect(seen).toEqual(['1', '2']);
  });

  test('a listener that throws or rejects is reported, and goes on', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    world.broker.subscribe('a', (message) => {
      seen.push(text(message.payload));
      if (seen.length === 1) throw new Error('thrown');
      if (seen.length === 2) return Promise.reject(new Error('rejected'));
      return undefined;
    });
    for (const payload of ['1', '2', '3']) await world.publish('a', payload);
    expect(seen).toEqual(['1', '2', '3']);
    expect(world.errors.map(({ message }) => message)).toEqual(['thrown', 'rejected']);
  });

  test('a listener that returns something else than a promise goes on', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    const push = (message: Message) => seen.push(told(message));
    // As a program without types would write it.
    world.broker.subscribe('a', push as unknown as (message: Message) => void);
    for (const payload of ['1', '2']) await world.publish('a', payload);
    expect(seen).toEqual(['a 1 0', 'a 2 0']);
    expect(world.errors).toEqual([]);
  });

  test('a full queue drops and counts, and holds nobody up', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionEventQueue: 3 } });
    const release: (() => void)[] = [];
    const subscription = world.broker.subscribe(
      'a',
      () => new Promise<void>((go) => release.push(go)),
    );
    const client = await world.connect('c');
    for (let index = 0; index < 10; index++) {
      expect(await client.publish('a', 'x', { qos: 1 })).toBe(index < 4 ? 0 : 0x10);
    }
    expect(subscription.queued).toBe(3);
    expect(world.dropped('queue-full')).toBe(6);
  });

  test.each(['a listener', 'an iterator'])(
    'what has expired while others were before it is left out for %s',
    async (kind) => {
      const world = await startTestBroker();
      const seen: string[] = [];
      let goOn: (() => void) | undefined;
      const take = ({ payload }: Message): Promise<void> => {
        seen.push(text(payload));
        return new Promise((resolve) => {
          goOn = resolve;
        });
      };
      const subscription = world.broker.subscribe('a', kind === 'a listener' ? take : undefined);
      const iterate = async (): Promise<void> => {
        for await (const message of subscription) await take(message);
      };
      if (kind === 'an iterator') void iterate();
      await world.settle();
      for (const messageExpiryInterval of [0, 1, 2, 0]) {
        const properties = { messageExpiryInterval };
        await world.publish('a', `${messageExpiryInterval}`, { properties });
      }
      await world.advance(1_500);
      goOn?.();
      await world.settle();
      goOn?.();
      await world.settle();
      expect(seen).toEqual(['0', '2']);
      expect(world.dropped('expired')).toBe(2);
    },
  );

  test('what is over when it comes is for who takes it at once', async () => {
    const world = await startTestBroker();
    const seen: string[] = [];
    world.broker.subscribe('a', ({ payload }) => void seen.push(text(payload)));
    const properties = { messageExpiryInterval: 0 };
    for (const payload of ['1', '2'])
      void world.broker.publish({ topic: 'a', payload, properties });
    await world.settle();
    expect(seen).toEqual(['1', '2']);
  });

  test('what a listener publishes comes after the message that it hears', async () => {
    const world = await startTestBroker();
    const client = await world.connect('c');
    await client.subscribe('#');
    world.broker.subscribe('ask', (message) => {
      void world.broker.publish({ topic: 'answer', payload: message.payload });
    });
    await client.publish('ask', '1');
    const messages = await client.messages();
    expect(messages.map(({ topic }) => topic)).toEqual(['ask', 'answer']);
  });

  test.each(['', 'a/#/b', 'a+', '$share/g/a', 1])('refuses the filter %s', async (filter) => {
    const world = await startTestBroker();
    expect(() => world.broker.subscribe(filter as string)).toThrow(BrokerError);
  });
});

describe('subscribe as an iterator', () => {
  test('gives messages, and ends after the queued ones when it is closed', async () => {
    const world = await startTestBroker();
    const subscription = world.broker.subscribe('a');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of subscription) seen.push(text(message.payload));
    })();
    await world.publish('a', '1');
    await world.publish('a', '2');
    expect(seen).toEqual(['1', '2']);
    void world.broker.publish({ topic: 'a', payload: '3' });
    await world.settle();
    subscription.close();
    await reading;
    expect(seen).toEqual(['1', '2', '3']);
    expect(world.broker.stats.subscriptions).toBe(0);
  });

  test('ends for everybody who iterates', async () => {
    const world = await startTestBroker();
    const subscription = world.broker.subscribe('a');
    const seen: string[] = [];
    const read = async (name: string) => {
      for await (const message of subscription) seen.push(`${name} ${text(message.payload)}`);
      seen.push(`${name} ends`);
    };
    void read('one');
    void read('two');
    await world.settle();
    await world.publish('a', '1');
    subscription.close();
    await world.settle();
    expect(seen.toSorted()).toEqual(['one 1', 'one ends', 'two ends']);
  });

  test('gives no retained messages that were not queued when it was closed', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionEventQueue: 4 } });
    for (let index = 0; index < 10; index++)
      await world.publish(`r/${index}`, 'x', { retain: true });
    const unread = world.broker.subscribe('r/#');
    unread.close();
    const full = world.broker.subscribe('r/#');
    await world.settle();
    full.close();
    let given = 0;
    for await (const message of full) {
      given += message.retain ? 1 : 0;
      await world.settle();
    }
    expect([unread.queued, given]).toEqual([0, 4]);
  });

  test('takes a long queue in as little time for each message as a short one', async () => {
    const count = 100_000;
    const world = await startTestBroker({ limits: { maxSubscriptionEventQueue: count } });
    const messages = world.broker.subscribe('a', undefined);
    for (let i = 0; i < count; i++) void world.broker.publish({ topic: 'a', payload: '' });
    await world.settle();
    expect(messages.queued).toBe(count);
    messages.close();
    const began = process.cpuUsage();
    let given = 0;
    for await (const _ of messages) given++;
    expect(given).toBe(count);
    // A tenth of a second of the processor; it was five seconds, in which nobody else was served.
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });

  test('is closed by breaking out of it', async () => {
    const world = await startTestBroker();
    const subscription = world.broker.subscribe('a');
    await world.publish('a', '1');
    for await (const message of subscription) {
      expect(text(message.payload)).toBe('1');
      break;
    }
    expect(world.broker.stats.subscriptions).toBe(0);
  });

  test('retained messages wait for room in its queue, without keeping the broker busy', async () => {
    const world = await startTestBroker({ limits: { maxSubscriptionEventQueue: 4 } });
    for (let index = 0; index < 20; index++) {
      await world.publish(`a/${index}`, `${index}`, { retain: true });
    }
    const subscription = world.broker.subscribe('a/#');
    await world.settle();
    expect(world.environment.deferred).toBe(0);
    expect(subscription.queued).toBe(4);
    const seen = new Set<string>();
    for await (const message of subscription) {
      seen.add(text(message.payload));
      if (seen.size === 20) break;
      await world.settle();
    }
    expect(world.dropped('queue-full')).toBe(0);
  });
});

test.each([
  [['a', 5], 'SLUICE_SUBSCRIPTION', /listener comes second/],
  [['a', { retained: false }], 'SLUICE_SUBSCRIPTION', /listener comes second/],
  [['a', () => {}, { retain: false }], 'SLUICE_SUBSCRIPTION', /no option retain, only retained/],
  [['a', () => {}, { retained: 'no' }], 'SLUICE_SUBSCRIPTION', /retained is true or false/],
  [['$share/g/a', () => {}], 'SLUICE_TOPIC_FILTER', /shared subscriptions are for clients/],
])('subscribe refuses %o', async (given, code, message) => {
  const { broker } = await startTestBroker();
  const subscribe = broker.subscribe.bind(broker) as (...given: unknown[]) => unknown;
  const refused = { code, message: expect.stringMatching(message) };
  expect(() => subscribe(...given)).toThrow(expect.objectContaining(refused));
  expect(broker.stats.subscriptions).toBe(0);
});

test('a listener for an event that no broker has is refused', async () => {
  const { broker } = await startTestBroker();
  for (const name of ['client', 'clientDisconnect', 'toString']) {
    expect(() => broker.on(name as 'connected', () => {})).toThrow(
      expect.objectContaining({
        code: 'SLUICE_UNKNOWN_EVENT',
        message: expect.stringContaining(`no event ${name}; there are error, connected`),
      }),
    );
    expect(broker.listenerCount(name as 'connected')).toBe(0);
  }
  broker.once('connected', () => {}).prependListener('overload', () => {});
});
