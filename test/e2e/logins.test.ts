import { randomBytes, scryptSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { auth } from '@sluice/auth';
import { createBroker } from '@sluice/core';
import { level } from '@sluice/persistence-level';
import { type IClientOptions, MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';

/** A stored password whose check takes a few milliseconds: no login may have to wait for seconds, also where much else goes on. */
function hashOf(password: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 });
  return `scrypt$1024$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

test('while 100 clients log in at once, those who are connected go on', async () => {
  const path = await mkdtemp(join(tmpdir(), 'sluice-logins-'));
  const users = { users: [{ name: 'anna', password: hashOf('right') }] };
  const broker = await createBroker({
    plugins: [level({ path }), auth({ users, maxParallelHashes: 1 })],
    // However slow the machine is: this is about who waits for whom.
    limits: { hookTimeoutMs: 60_000 },
  });
  const clients: MqttClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.end(true);
    await broker.close({ graceMs: 0 });
    await rm(path, { recursive: true });
  });
  const connect = async (clientId: string): Promise<MqttClient> => {
    const stream = (): Duplex => {
      const [ours, theirs] = duplexPair();
      broker.handle(theirs);
      return ours;
    };
    const options: IClientOptions = {
      clientId,
      username: 'anna',
      password: 'right',
      protocolVersion: 5,
      clean: false,
      properties: { sessionExpiryInterval: 600 },
      reconnectPeriod: 0,
      connectTimeout: 60_000,
    };
    const client = new MqttClient(stream as ConstructorParameters<typeof MqttClient>[0], options);
    clients.push(client);
    await new Promise((resolve, reject) => {
      client.once('connect', resolve);
      client.once('error', reject);
    });
    return client;
  };

  const [sender, receiver] = [await connect('sender'), await connect('receiver')];
  await receiver.subscribeAsync('a', { qos: 1 });
  let received = 0;
  receiver.on('message', () => {
    received += 1;
  });

  let loggedIn = 0;
  const logins = Array.from({ length: 100 }, (_, index) =>
    connect(`client-${index}`).then(() => {
      loggedIn += 1;
    }),
  );
  // Each is durable before it is acknowledged, and all of them are before the logins are through.
  for (let n = 0; n < 5; n++) await sender.publishAsync('a', `${n}`, { qos: 1 });
  await expect.poll(() => received).toBe(5);
  expect(loggedIn).toBeLessThan(100);

  await Promise.all(logins);
  expect(loggedIn).toBe(100);
  expect(broker.stats.clients).toBe(102);
});
