import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RunningServer, type ServerOptions, startServer } from '../src/server.ts';

const host = '127.0.0.1';
const accepted = '20020000';

async function start(options: ServerOptions): Promise<RunningServer> {
  const server = await startServer({
    listeners: [{ type: 'tcp', host, port: 0, proxyProtocol: { from: [host] } }],
    persistence: 'memory',
    allowEphemeralPorts: true,
    ...options,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

/** A 3.1.1 client, connected by a proxy that says where it comes from. */
async function client(
  server: RunningServer,
  { address = '192.0.2.7', clientId = '', user = '' },
): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const socket = connect(server.listeners[0]?.port ?? 0, host);
  socket.on('error', () => {});
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
  const flags = user === '' ? 0x02 : 0x82;
  const name = user === '' ? Buffer.alloc(0) : text(user);
  const body = Buffer.concat([text('MQTT'), Buffer.of(4, flags, 0, 60), text(clientId), name]);
  const header = `PROXY TCP4 ${address} 198.51.100.1 1024 1883\r\n`;
  socket.write(Buffer.concat([Buffer.from(header), Buffer.of(0x10, body.length), body]));
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString('hex')));
    socket.once('close', () => resolve('closed'));
  });
  return { socket, answer };
}

describe('limits of a configuration', () => {
  it('bound connections of an address, which is the one that a proxy tells', async () => {
    const perAddress = { connections: 1, intervalMs: 3_600_000 };
    const server = await start({ connectRate: { perAddress } });
    expect((await client(server, {})).answer).toBe(accepted);
    expect((await client(server, {})).answer).toBe('closed');
    expect((await client(server, { address: '192.0.2.8' })).answer).toBe(accepted);
  });

  it('bound sessions of a user', async () => {
    const sessionsPerUser = { maximum: 1, onLimit: 'disconnect-oldest' } as const;
    const server = await start({ sessionsPerUser });
    const first = await client(server, { clientId: 'a', user: 'anna' });
    const gone = once(first.socket, 'close');
    await client(server, { clientId: 'b', user: 'anna' });
    await gone;
  });

  it('bound messages', async () => {
    const messageRate = {
      messagesPerSecond: 0.001,
      burstMessages: 1,
      onLimit: 'disconnect',
    } as const;
    const server = await start({ messageRate });
    const { socket } = await client(server, {});
    const publish = Buffer.from('3003000161', 'hex');
    socket.write(Buffer.concat([publish, publish]));
    await once(socket, 'close');
  });

  it('keep out who is banned, and whom the file bans when it is read again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-bans-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'bans.json');
    const server = await start({ bans: { file, bans: [{ address: '192.0.2.0/28' }] } });
    expect((await client(server, {})).answer).toBe('closed');
    const outside = { address: '192.0.2.99', clientId: 'a' };
    const { socket, answer } = await client(server, outside);
    expect(answer).toBe(accepted);
    const gone = once(socket, 'close');
    writeFileSync(file, '{ "bans": [{ "clientId": "a" }] }');
    await server.reload();
    await gone;
    expect((await client(server, outside)).answer).toBe('20020005');
    writeFileSync(file, '{');
    await expect(server.reload()).rejects.toMatchObject({ code: 'SLUICE_LIMITS_BANS_FILE' });
    expect((await client(server, outside)).answer).toBe('20020005');
  });
});
