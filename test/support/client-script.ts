import { describe, expect, test } from 'vitest';
import {
  type ClientKind,
  nameOf,
  type Outgoing,
  type Received,
  type Subscriber,
  slugOf,
} from './client-kind.ts';
import { foreignTest, isMissing } from './foreign.ts';
import type { ServerProcess, ServerProcessOptions } from './server-process.ts';

const login = { userName: 'rita', password: 'open sesame' };

/** What the server of these tests needs: a user who may do little, and everybody else who may do all. */
export const scriptOptions: ServerProcessOptions = {
  users: { [login.userName]: login.password },
  rules: [
    { effect: 'allow', action: 'all', topic: '#' },
    { effect: 'deny', who: { user: login.userName }, action: 'all', topic: 'forbidden/#' },
  ],
};

/** Takes a kind of client through all that clients do. */
export function describeClient(kind: ClientKind, server: () => ServerProcess): void {
  const slug = slugOf(kind);
  const publish = (...messages: Outgoing[]) => kind.publish(server(), messages);
  const clientTest = (name: string, body: () => Promise<void>) =>
    foreignTest(kind.needs, name, body);

  // Each test has topics and clients of its own, so they need not wait for each other.
  describe.concurrent(nameOf(kind), () => {
    clientTest('publishes and receives at QoS 0, 1 and 2', async () => {
      const topic = `${slug}/qos`;
      const subscriber = await kind.subscribe(server(), {
        filter: `${slug}/qos`,
        qos: 2,
        clientId: `${slug}-qos`,
      });
      const messages = [
        { topic, payload: 'zero', qos: 0 },
        { topic, payload: 'one'.repeat(20_000), qos: 1 },
        { topic, payload: 'two ☃', qos: 2 },
      ] as const;
      await publish(...messages);
      expect(await subscriber.take(3)).toMatchObject(messages);
      await subscriber.end();
    });

    clientTest('sees retained messages, until they are cleared', async () => {
      const topic = `${slug}/retained`;
      const subscribe = (clientId: string) =>
        kind.subscribe(server(), { filter: topic, qos: 1, clientId });
      await publish({ topic, payload: 'kept', qos: 1, retain: true });
      const first = await subscribe(`${slug}-retained-1`);
      expect(await first.next()).toMatchObject({ topic, payload: 'kept', qos: 1, retain: true });
      await publish({ topic, payload: '', qos: 1, retain: true });
      expect(await first.next()).toMatchObject({ payload: '', retain: false });
      await first.end();
      const second = await subscribe(`${slug}-retained-2`);
      await publish({ topic, payload: 'live', qos: 1 });
      expect(await second.next()).toMatchObject({ payload: 'live', retain: false });
      await second.end();
    });

    clientTest('leaves a will when it is killed, and none when it says goodbye', async () => {
      const topic = `${slug}/will`;
      const observer = await kind.subscribe(server(), {
        filter: topic,
        qos: 1,
        clientId: `${slug}-observer`,
      });
      const mortal = (payload: string) =>
        kind.subscribe(server(), {
          filter: `${slug}/mortal`,
          qos: 0,
          clientId: `${slug}-${payload}`,
          will: { topic, payload, qos: 1 },
        });
      await (await mortal('polite')).end();
      if (kind.endsWithWill) expect((await observer.next()).payload).toBe('polite');
      await (await mortal('killed')).kill();
      expect(await observer.next()).toMatchObject({ topic, payload: 'killed', qos: 1 });
      await observer.end();
    });

    clientTest('gets in order what came for its session while it was away', async () => {
      const topic = `${slug}/away`;
      const messages = (['first', 'second', 'third', 'fourth'] as const).map(
        (payload, index) => ({ topic, payload, qos: index % 2 === 0 ? 1 : 2 }) as const,
      );
      const subscribe = () =>
        kind.subscribe(server(), {
          filter: topic,
          qos: 2,
          clientId: `${slug}-away`,
          durable: true,
        });
      await (await subscribe()).end();
      await publish(...messages);
      const back = await subscribe();
      await publish({ topic, payload: 'live', qos: 1 });
      const received = await back.take(5);
      // Between QoS 1 and 2 there is no order: clients hand over QoS 2 at PUBREL.
      const payloads = (wanted: number) =>
        received.filter(({ qos }) => qos === wanted).map(({ payload }) => payload);
      expect(payloads(1)).toEqual(['first', 'third', 'live']);
      expect(payloads(2)).toEqual(['second', 'fourth']);
      await back.end();
    });

    clientTest('is refused with a wrong password', async () => {
      const wrong = { ...login, password: 'abracadabra' };
      const topic = `${slug}/login`;
      await expect(kind.publish(server(), [], login)).resolves.toBeUndefined();
      const attempt = { topic, payload: 'intruder', qos: 1 } as const;
      await expect(kind.publish(server(), [attempt], wrong)).rejects.toThrow();
      await expect(
        kind.subscribe(server(), { filter: topic, qos: 0, clientId: slug, login: wrong }),
      ).rejects.toThrow();
    });

    clientTest('is refused to publish and subscribe where rules deny it', async () => {
      const topic = `forbidden/${slug}`;
      const observer = await kind.subscribe(server(), {
        filter: topic,
        qos: 1,
        clientId: `${slug}-forbidden`,
      });
      const refused = kind.publish(server(), [{ topic, payload: 'refused', qos: 1 }], login);
      if (kind.tellsRefusedPublish) await expect(refused).rejects.toThrow(/not authorized/i);
      else await refused;
      const subscription = kind.subscribe(server(), {
        filter: topic,
        qos: 1,
        clientId: `${slug}-rita`,
        login,
      });
      // A SUBACK of 3.1 has no way to say no: it is granted, and nothing comes.
      if (kind.version === 3) await (await subscription).end();
      else await expect(subscription).rejects.toThrow();
      await publish({ topic, payload: 'allowed', qos: 1 });
      expect(await observer.next()).toMatchObject({ topic, payload: 'allowed' });
      await observer.end();
    });

    if (kind.version === 5) {
      clientTest('is given the properties of a message', async () => {
        const topic = `${slug}/properties`;
        const subscriber = await kind.subscribe(server(), {
          filter: `${slug}/properties/#`,
          qos: 2,
          clientId: `${slug}-properties`,
          subscriptionIdentifier: 268_435_455,
        });
        const properties = {
          contentType: 'text/plain',
          responseTopic: 'answers/here',
          correlationData: 'question-7',
          messageExpiryInterval: 1_000,
          userProperties: [
            ['colour', 'grün'],
            ['shape', ''],
          ],
        } as const;
        await publish({ topic, payload: 'with properties', qos: 1, properties });
        const { properties: got, subscriptionIdentifiers } = await subscriber.next();
        const { messageExpiryInterval = 0, ...others } = got ?? {};
        const { messageExpiryInterval: _, ...sent } = properties;
        expect(others).toEqual(sent);
        // What is left of it: a whole second may pass on a busy machine.
        expect(messageExpiryInterval).toBeLessThanOrEqual(1_000);
        expect(messageExpiryInterval).toBeGreaterThan(900);
        expect(subscriptionIdentifiers).toEqual([268_435_455]);
        await subscriber.end();
      });
    }
  });
}

/** Restarts the server, and takes all kinds of clients back to their sessions. */
export function describeRestart(
  kinds: readonly ClientKind[],
  signal: 'SIGTERM' | 'SIGKILL',
  server: () => ServerProcess,
): void {
  const present = kinds.filter(({ needs }) => !needs.some(isMissing));
  const name = (kind: ClientKind) => `${slugOf(kind)}-${signal}`;
  const messagesOf = (kind: ClientKind) =>
    [
      { topic: `${name(kind)}/queued`, payload: 'one', qos: 1 },
      { topic: `${name(kind)}/queued`, payload: 'two', qos: 2 },
      { topic: `${name(kind)}/retained`, payload: 'kept', qos: 1, retain: true },
    ] as const;
  const subscribe = (kind: ClientKind, durable: boolean): Promise<Subscriber> =>
    kind.subscribe(server(), {
      filter: `${name(kind)}/${durable ? 'queued' : 'retained'}`,
      qos: 2,
      clientId: durable ? name(kind) : `${name(kind)}-retained`,
      durable,
    });

  describe(`after the server ended by ${signal}`, () => {
    test('it starts again', async () => {
      await Promise.all(
        present.map(async (kind) => {
          await (await subscribe(kind, true)).end();
          await kind.publish(server(), messagesOf(kind));
        }),
      );
      const { code } = await server().end(signal);
      expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
      await server().start();
    });

    for (const kind of kinds) {
      foreignTest(kind.needs, `${nameOf(kind)} finds what was promised to it`, async () => {
        const [one, two, kept] = messagesOf(kind);
        const queue = await subscribe(kind, true);
        expect(await queue.take(2)).toMatchObject([one, two]);
        const retained = await subscribe(kind, false);
        expect(await retained.next()).toMatchObject(kept);
        await kind.publish(server(), [{ ...one, payload: 'live' }]);
        expect((await queue.next()).payload).toBe('live');
        await Promise.all([queue.end(), retained.end()]);
      });
    }
  });
}

/** One message of each kind of client at each QoS reaches each kind of client. */
export function describeMixture(kinds: readonly ClientKind[], server: () => ServerProcess): void {
  const present = kinds.filter(({ needs }) => !needs.some(isMissing));

  test('clients of all versions and transports hear each other', async () => {
    const subscribers = await Promise.all(
      present.map((kind) =>
        kind.subscribe(server(), {
          filter: 'mixture',
          qos: 2,
          clientId: `mixture-${slugOf(kind)}`,
        }),
      ),
    );
    const messages = present.flatMap((kind) =>
      ([0, 1, 2] as const).map((qos) => ({
        topic: 'mixture',
        payload: `${slugOf(kind)} ${qos}`,
        qos,
      })),
    );
    await Promise.all(
      present.map((kind) =>
        kind.publish(
          server(),
          messages.filter(({ payload }) => payload.startsWith(`${slugOf(kind)} `)),
        ),
      ),
    );
    for (const subscriber of subscribers) {
      const received = await subscriber.take(messages.length);
      expect(byPayload(received)).toMatchObject(byPayload(messages));
      await subscriber.end();
    }
  });
}

function byPayload<Message extends Outgoing | Received>(messages: readonly Message[]): Message[] {
  return messages.toSorted((one, other) => (one.payload < other.payload ? -1 : 1));
}
