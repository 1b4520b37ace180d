import type { IDisconnectPacket } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import * as express from '../../docs/examples/servers/express.ts';
import * as fastify from '../../docs/examples/servers/fastify.ts';
import * as net from '../../docs/examples/servers/net.ts';
import { join } from './guest.ts';

type Server = Awaited<ReturnType<typeof net.start>>;

let server: Server;

afterEach(() => server.close());

const all = [
  ['net', net.start, (port: number) => `mqtt://127.0.0.1:${port}`],
  ['fastify', fastify.start, (port: number) => `ws://127.0.0.1:${port}/mqtt`],
  ['express', express.start, (port: number) => `ws://127.0.0.1:${port}/mqtt`],
] as const;

describe.each(all)('%s', (_name, start, urlOf) => {
  it('serves MQTT', async () => {
    server = await start({ port: 0 });
    const { client, next } = await join(urlOf(server.port));
    await client.subscribeAsync('home/#', { qos: 1 });
    await client.publishAsync('home/hall', 'on', { qos: 1 });
    expect(await next()).toBe('home/hall on');
    await client.endAsync();
  });

  it('shuts down in order: clients are told, and nobody new is served', async () => {
    server = await start({ port: 0 });
    const { client } = await join(urlOf(server.port));
    const told = new Promise<IDisconnectPacket>((resolve) => client.once('disconnect', resolve));
    await server.close();
    expect((await told).reasonCode).toBe(0x8b); // Server shutting down
    await expect(join(urlOf(server.port))).rejects.toThrow();
  });
});

describe.each(all.slice(1))('%s', (_name, start, urlOf) => {
  it('serves HTTP on the same port', async () => {
    server = await start({ port: 0 });
    const { client, next } = await join(urlOf(server.port));
    await client.subscribeAsync('home/#');
    const base = `http://127.0.0.1:${server.port}`;
    const health = await fetch(`${base}/health`);
    expect(await health.json()).toEqual({ clients: 1 });
    for (const [type, body] of [
      ['text/plain', 'off'],
      ['application/json', '{"on":true}'],
      ['application/json', ''],
    ] as const) {
      const published = await fetch(`${base}/publish/home/hall/light`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      expect(published.status).toBe(204);
      expect(await next()).toBe(`home/hall/light ${body}`);
    }
    await client.endAsync();
  });
});
