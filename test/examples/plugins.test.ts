import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IClientOptions } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import * as auditLog from '../../docs/examples/plugins/audit-log.ts';
import * as deadLetters from '../../docs/examples/plugins/dead-letters.ts';
import * as jwtAuth from '../../docs/examples/plugins/jwt-auth.ts';
import * as leastLoaded from '../../docs/examples/plugins/least-loaded.ts';
import * as payloadSchema from '../../docs/examples/plugins/payload-schema.ts';
import * as pushNotifications from '../../docs/examples/plugins/push-notifications.ts';
import * as rateLimit from '../../docs/examples/plugins/rate-limit.ts';
import type { Running } from '../../docs/examples/serve.ts';
import { portOf } from '../../packages/server/test/ports.ts';
import { Inbox } from '../support/inbox.ts';
import { join } from './guest.ts';

const port = 0;
let running: Running;

afterEach(() => running.close());

describe('jwt-auth', () => {
  const key = new Uint8Array(32).fill(7);
  const claims = { publish: ['home/+/light'], subscribe: ['home/#'] };

  async function joinAs(user: string, token: string) {
    return await join(running.port, { username: user, password: token });
  }

  it('lets in who has a token, as whom it names, to the topics that it names', async () => {
    running = await jwtAuth.start({ port }, key);
    const { client, next } = await joinAs('ignored', await jwtAuth.issueToken(key, 'anna', claims));
    const identity = new Promise((resolve) =>
      running.broker.once('disconnected', (event) => resolve(event.client.identity)),
    );
    await client.subscribeAsync(['home/#', 'home/+/light', 'home/hall/light']);
    await client.publishAsync('home/hall/light', 'on', { qos: 1 });
    expect(await next()).toBe('home/hall/light on');
    await expect(client.publishAsync('home/hall/lock', 'open', { qos: 1 })).rejects.toThrow(
      'Not authorized',
    );
    for (const filter of ['#', '+/hall', 'garden/gate']) {
      await expect(client.subscribeAsync(filter)).rejects.toThrow('Not authorized');
    }
    await client.endAsync();
    expect(await identity).toBe('anna');
  });

  it('refuses a token that is forged, for somebody else, over, or missing', async () => {
    running = await jwtAuth.start({ port }, key);
    const refused = 'Bad User Name or Password';
    const forged = await jwtAuth.issueToken(new Uint8Array(32).fill(8), 'anna', claims);
    await expect(joinAs('anna', forged)).rejects.toThrow(refused);
    const over = await jwtAuth.issueToken(key, 'anna', claims, '-1s');
    await expect(joinAs('anna', over)).rejects.toThrow(refused);
    await expect(joinAs('anna', 'no token')).rejects.toThrow(refused);
    await expect(join(running.port)).rejects.toThrow(refused);
  });

  it('ends the connection with the token', async () => {
    running = await jwtAuth.start({ port }, key);
    // A token ends with a whole second: of one that lasts a second nothing may be left.
    const { client } = await joinAs('anna', await jwtAuth.issueToken(key, 'anna', claims, '5s'));
    const code = await new Promise((resolve) =>
      client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)),
    );
    expect(code).toBe(0xa0); // Maximum connect time
    await client.endAsync();
  });
});

describe('rate-limit', () => {
  it('refuses what is too much, and goes on when time has passed', async () => {
    let now = 0;
    running = await rateLimit.start({ port }, { messagesPerSecond: 3, now: () => now });
    const { client } = await join(running.port);
    const publish = (count: number) =>
      Promise.allSettled(
        Array.from({ length: count }, () => client.publishAsync('a', 'b', { qos: 1 })),
      ).then((results) => results.filter(({ status }) => status === 'fulfilled').length);
    expect(await publish(5)).toBe(3);
    now += 400;
    expect(await publish(5)).toBe(1);
    now += 60_000;
    expect(await publish(5)).toBe(3);
    expect(running.broker.stats.dropped.get('hook')).toBe(8);
    await expect(client.publishAsync('a', 'b', { qos: 1 })).rejects.toThrow('Quota exceeded');

    const other = await join(running.port);
    await other.client.publishAsync('a', 'b', { qos: 1 });
    await Promise.all([client.endAsync(), other.client.endAsync()]);
  });
});

describe('audit-log', () => {
  it('has a line for everything that somebody did', async () => {
    const directory = await mkdtemp(joinPath(tmpdir(), 'sluice-audit-'));
    const path = joinPath(directory, 'audit.jsonl');
    running = await auditLog.start({ port }, path);
    const { client } = await join(running.port, { clientId: 'plc-1', username: 'plc' });
    await client.subscribeAsync('home/#', { qos: 1 });
    await client.publishAsync('home/hall', 'secret', { qos: 1 });
    await client.unsubscribeAsync('home/#');
    await client.endAsync();
    await running.close();

    const text = await readFile(path, 'utf8');
    await rm(directory, { recursive: true });
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const plc = { clientId: 'plc-1', identity: 'plc' };
    expect(entries).toMatchObject([
      { event: 'connected', ...plc, from: '127.0.0.1', sessionPresent: false },
      { event: 'subscribed', ...plc, filter: 'home/#', qos: 1 },
      { event: 'published', ...plc, topic: 'home/hall', qos: 1, bytes: 6, receivers: 1 },
      { event: 'unsubscribed', ...plc, filter: 'home/#' },
      { event: 'disconnected', ...plc, by: 'client' },
    ]);
    for (const { at } of entries) expect(at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(text).not.toContain('secret');
  });

  it('does not start without its file', async () => {
    await expect(auditLog.start({ port }, '/nowhere/audit.jsonl')).rejects.toThrow('ENOENT');
  });
});

describe('least-loaded', () => {
  it('spares a member that does not keep up', async () => {
    running = await leastLoaded.start({ port });
    const arrivals = new Inbox<string>();
    const work = async (clientId: string, isIdle: boolean) => {
      const customHandleAcks: IClientOptions['customHandleAcks'] = (_t, _m, _p, acknowledge) => {
        arrivals.push(clientId);
        if (isIdle) acknowledge(0);
      };
      const { client } = await join(running.port, { clientId, customHandleAcks });
      await client.subscribeAsync('$share/workers/jobs/#', { qos: 1 });
      return client;
    };
    const busy = await work('busy', false);
    const idle = await work('idle', true);
    const { client } = await join(running.port);
    const workers: string[] = [];
    for (let job = 1; job <= 20; job++) {
      await client.publishAsync(`jobs/${job}`, '', { qos: 1 });
      workers.push(await arrivals.next());
    }
    // By turns it would be 10.
    expect(workers.filter((worker) => worker === 'busy').length).toBeLessThan(5);
    await Promise.all([client.endAsync(), idle.endAsync(), busy.endAsync(true)]);
  });
});

describe('payload-schema', () => {
  it('refuses what is not of the shape, and says why', async () => {
    running = await payloadSchema.start({ port });
    const { client, next } = await join(running.port);
    await client.subscribeAsync('home/#');
    const publish = (payload: string) =>
      client.publishAsync('home/hall/temperature', payload, { qos: 1, retain: true });

    await publish('{"celsius":21.5}');
    expect(await next()).toBe('home/hall/temperature {"celsius":21.5}');
    for (const payload of ['21.5', '{"celsius":"warm"}', '{"celsius":400}', 'not JSON']) {
      await expect(publish(payload)).rejects.toMatchObject({ code: 0x99 });
    }
    await client.publishAsync('home/hall/light', 'not JSON', { qos: 1 });
    expect(await next()).toBe('home/hall/light not JSON');
    await publish(''); // deletes the retained one
    expect(await next()).toBe('home/hall/temperature ');
    await client.endAsync();
  });

  it('holds for wills, too', async () => {
    running = await payloadSchema.start({ port });
    const dropped = () => running.broker.stats.dropped.get('hook');
    const will = {
      topic: 'home/hall/temperature',
      payload: Buffer.from('gone'),
      qos: 1,
      retain: false,
    } as const;
    const { client } = await join(running.port, { will });
    client.stream.destroy();
    await expect.poll(dropped).toBe(1);
    await client.endAsync(true);
  });
});

describe('dead-letters', () => {
  it('publishes again what did not arrive, with what is known of it', async () => {
    running = await deadLetters.start({ port });
    const options = { clientId: 'phone', clean: false, properties: { sessionExpiryInterval: 60 } };
    const phone = await join(running.port, options);
    await phone.client.subscribeAsync('news/#', { qos: 1 });
    await phone.client.endAsync();

    const { client, inbox } = await join(running.port, { clientId: 'newsroom' });
    await client.subscribeAsync('dead-letters/#', { qos: 1 });
    for (let number = 1; number <= 12; number++) {
      await client.publishAsync(`news/${number}`, `text ${number}`, { qos: 1 });
    }
    for (const number of [11, 12]) {
      const { topic, payload, properties } = await inbox.next();
      expect(`${topic} ${payload}`).toBe(`dead-letters/queue-full/news/${number} text ${number}`);
      expect(properties?.userProperties).toMatchObject({ from: 'newsroom', to: 'phone' });
    }
    await client.endAsync();
  });

  it('makes no dead letter of a dead letter', async () => {
    running = await deadLetters.start({ port });
    const options = { clientId: 'undertaker', clean: false };
    const properties = { sessionExpiryInterval: 60 };
    const undertaker = await join(running.port, { ...options, properties });
    await undertaker.client.subscribeAsync('#', { qos: 1 });
    await undertaker.client.endAsync();
    const { client } = await join(running.port);
    for (let number = 1; number <= 12; number++) await client.publishAsync('a', '', { qos: 1 });
    // Two messages had no room, nor had the letters about them.
    await expect.poll(() => running.broker.stats.dropped.get('queue-full')).toBe(4);
    await client.publishAsync('a', '', { qos: 1 });
    await expect.poll(() => running.broker.stats.dropped.get('queue-full')).toBe(6);
    await client.endAsync();
  });
});

describe('push-notifications', () => {
  it('tells a push service over HTTP, and an error what it answers', async () => {
    const requests = new Inbox<string>();
    const service = createServer(async (request, response) => {
      requests.push(`${request.method} ${request.url} ${await text(request)}`);
      response.writeHead(503).end();
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const url = `http://127.0.0.1:${portOf(service)}/push`;
    running = await pushNotifications.start({ port }, pushNotifications.webhook(url));
    const failed = once(running.broker, 'error');

    const properties = { sessionExpiryInterval: 60 };
    const phone = await join(running.port, { clientId: 'phone', clean: false, properties });
    await phone.client.subscribeAsync('chat/#', { qos: 1 });
    await phone.client.endAsync();
    await running.broker.publish({ topic: 'chat/anna', payload: 'hello?', qos: 1 });

    const told = { clientId: 'phone', identity: '', topic: 'chat/anna' };
    expect(await requests.next()).toBe(`POST /push ${JSON.stringify(told)}`);
    expect(String(await failed)).toContain(`${url} answered 503`);
    service.close();
  });

  it('tells once, while somebody is away', async () => {
    const told = new Inbox<pushNotifications.Notification>();
    running = await pushNotifications.start({ port }, async (notification) =>
      told.push(notification),
    );
    const options = {
      clientId: 'phone',
      username: 'anna',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    };
    const { client } = await join(running.port);
    const phone = await join(running.port, options);
    await phone.client.subscribeAsync('chat/#', { qos: 1 });
    await client.publishAsync('chat/anna', 'while you are here', { qos: 1 });
    await phone.client.endAsync();

    await client.publishAsync('chat/anna', 'where are you?', { qos: 1 });
    await client.publishAsync('chat/anna', 'hello?', { qos: 1 });
    const first = { clientId: 'phone', identity: 'anna', topic: 'chat/anna' };
    expect(await told.next()).toEqual(first);

    const again = await join(running.port, options);
    expect(await again.next()).toBe('chat/anna where are you?');
    await again.client.endAsync();
    await client.publishAsync('chat/ben', 'gone again', { qos: 1 });
    expect(await told.next()).toEqual({ ...first, topic: 'chat/ben' });
    await client.endAsync();
  });
});
