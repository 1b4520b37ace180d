import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '@sluice/core';
import { fromAedes } from '@sluice/from-aedes';
import { level } from '@sluice/persistence-level';
import { allow, type Plugin } from '@sluice/plugin';
import { attachWebSocket, startServer } from '@sluice/server';
import { sys } from '@sluice/sys';
import { expect, it, onTestFinished } from 'vitest';

/** A setting of a program that may be missing there, as most are. */
const missing = <Value>(): Value | undefined => undefined;

// Compiled with exactOptionalPropertyTypes, as the programs of some are.
it('what is undefined counts as left out', async () => {
  const path = mkdtempSync(join(tmpdir(), 'sluice-left-out-'));
  const errors: Error[] = [];
  const plugin: Plugin = {
    name: 'from-a-database',
    setup({ hook }) {
      const filter = { topic: missing<string>(), clientIdPrefix: missing<string>() };
      hook('publish', async () => ({ topic: missing<string>(), payload: missing<string>() }), {
        priority: missing<number>(),
        filter,
        deadlineMs: missing<number>(),
        maxConcurrent: missing<number>(),
        maxFailures: missing<number>(),
      });
      const limits = { maxQos: missing<0 | 1 | 2>(), maxPacketBytes: missing<number>() };
      hook('connection', () => allow({ limits: missing<typeof limits>() }));
      hook('authenticate', () =>
        allow({ identity: missing<string>(), expiresAt: missing<number>(), limits }),
      );
      hook('retain', () => allow({ timeToLiveSeconds: missing<number>() }));
      hook('enqueue', () =>
        allow({ timeToLiveSeconds: missing<number>(), replaceKey: missing<string>() }),
      );
      hook('authorizeSubscribe', () => allow({ maximumQos: missing<0 | 1 | 2>() }));
      hook('deliver', () => ({ payload: missing<string>() }));
    },
  };
  const broker = await createBroker({
    plugins: [
      level({ path, durability: missing<'fsync'>(), cacheBytes: missing<number>() }),
      sys({ intervalSeconds: missing<number>(), readers: { users: missing<string[]>() } }),
      fromAedes({ deadlineMs: missing<number>() }),
      plugin,
    ],
    limits: { maxPacketBytes: missing<number>() },
    features: { retain: missing<boolean>() },
    serverReference: missing<string>(),
  });
  onTestFinished(async () => {
    await broker.close({ graceMs: missing<number>(), serverReference: missing<string>() });
    rmSync(path, { recursive: true });
  });
  broker.on('error', (error) => errors.push(error));
  attachWebSocket(createServer(), broker, {
    path: missing<string>(),
    origins: missing<string[]>(),
  });
  await broker.scope({ name: 'a', limits: { maxConnections: missing<number>() } });
  const received = broker.subscribe('a', undefined, { retained: missing<boolean>() });
  const message = { topic: 'a', payload: 'x', retain: true } as const;
  await broker.publish({ ...message, qos: missing<1>() }, { transient: missing<boolean>() });
  for await (const { topic, qos } of received) {
    expect([topic, qos]).toEqual(['a', 0]);
    break;
  }
  expect(broker.disconnect('nobody', { reasonString: missing<string>() })).toBe(false);
  expect(String(broker.retained.get('a')?.payload)).toBe('x');
  expect(errors).toEqual([]);
});

it('so it does for a whole server', async () => {
  const server = await startServer({
    listeners: [{ type: 'ws', host: missing<string>(), port: 0, path: missing<string>() }],
    allowEphemeralPorts: true,
    persistence: 'memory',
    users: missing<string>(),
    handshakes: { timeoutMs: missing<number>() },
    limits: { connectTimeoutMs: missing<number>() },
    features: { retain: missing<boolean>() },
    bans: { file: missing<string>() },
    closeGraceMs: missing<number>(),
  });
  expect(server.listeners[0]?.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  await server.close();
});
