import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { serverFiles, trust } from './certificates.ts';
import { EchoListeners, type OpenListener } from './echo-listeners.ts';

const host = '127.0.0.1';
const tls = { type: 'tls', host, port: 0, ...serverFiles } as const;
const ws = { type: 'ws', host, port: 0 } as const;
const wss = { type: 'wss', host, port: 0, ...serverFiles } as const;

let listeners: EchoListeners;

beforeEach(() => {
  listeners = new EchoListeners();
});

afterEach(() => listeners.close());

/** A connection that says nothing yet. */
async function idle({ port }: OpenListener, localAddress = host): Promise<Socket> {
  const socket = connect({ port, host, localAddress });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Settles when a connection is closed, or reset. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.on('close', () => resolve());
  });
}

/** Goes through the handshake of a listener, and on. */
async function serves(listener: OpenListener): Promise<boolean> {
  if (listener.type === 'tls') {
    const socket = connectTls({ port: listener.port, host, ...trust });
    return await new Promise((resolve) => {
      // The client is through before the server is: an answer shows that both are.
      socket.write('ping');
      socket.on('data', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
  }
  const client = new WebSocket(listener.url, 'mqtt', trust);
  return await new Promise((resolve) => {
    client.on('open', () => resolve(true));
    client.on('error', () => resolve(false));
  });
}

describe.each([tls, ws, wss])('handshakes of $type', (options) => {
  it('are refused beyond a number of them from one address, until one is over', async () => {
    const listener = await listeners.open(options, { maxPendingPerAddress: 2 });
    const waiting = [await idle(listener), await idle(listener)];
    const third = await idle(listener);
    await closed(third);
    expect(listeners.refusals).toEqual(['too many handshakes of this address are under way']);
    // Another address is not held to account for it.
    const other = await idle(listener, '127.0.0.2');
    waiting[0]?.destroy();
    await expect.poll(() => serves(listener)).toBe(true);
    expect(other.destroyed).toBe(false);
    // Who has gone through counts no more.
    expect(await serves(listener)).toBe(true);
    expect(await serves(listener)).toBe(true);
  });

  it('are refused beyond a number in all', async () => {
    const listener = await listeners.open(options, { maxPending: 1 });
    await idle(listener);
    const second = await idle(listener, '127.0.0.2');
    await closed(second);
    expect(listeners.refusals).toEqual(['too many handshakes are under way']);
  });

  it('have an absolute time, however lively they drip', async () => {
    const listener = await listeners.open(options, { timeoutMs: 100 });
    const client = await idle(listener);
    // The first bytes of a ClientHello, or of a request that never ends.
    const bytes = Buffer.from(
      options.type === 'ws' ? `GET /${'a'.repeat(99)}` : '\x16\x03\x01\x01\xff\x01',
    );
    let sent = 0;
    const drip = setInterval(() => client.write(bytes.subarray(sent, ++sent)), 10);
    await closed(client);
    clearInterval(drip);
    expect(listeners.infos).toEqual([]);
    expect(listeners.refusals).toEqual(['no handshake in time']);
  });
});

it('refusals are logged at most 20 times a second', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const listener = await listeners.open(ws, { maxPending: 1 });
  await idle(listener);
  for (let count = 0; count < 50; count += 1) await closed(await idle(listener));
  expect(listeners.refusals.length).toBe(20);
});

it('a request that is none is logged without what it says', async () => {
  const client = await idle(await listeners.open(ws));
  client.write('GET /?token=secret HTTP/1.1\r\nAuthorization: Bearer secret\r\nno header\r\n\r\n');
  await closed(client);
  expect(listeners.log.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'debug',
      time: expect.any(String),
      reason: 'Parse Error: Invalid header token',
      msg: 'bad HTTP request',
    },
  ]);
});

it.each([tls, wss])('connections of $type that went through are not cut off', async (options) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const listener = await listeners.open(options);
  const stream = connectTls({ port: listener.port, host, ...trust });
  const client =
    options.type === 'tls'
      ? stream
      : createWebSocketStream(
          new WebSocket(listener.url, 'mqtt', { createConnection: () => stream }),
        );
  for (let round = 0; round < 2; round += 1) {
    client.write('ping');
    expect(String((await once(client, 'data'))[0])).toBe('ping');
    vi.advanceTimersByTime(60_000);
  }
  client.destroy();
});

it('who comes back from the same port while the one before is being closed goes through', async () => {
  const { port, url } = await listeners.open(ws);
  // Nobody else connects from there, so that the port is free again at once.
  const localAddress = '127.0.0.3';
  const before = connect({ port, host, localAddress });
  before.on('error', () => {});
  await once(before, 'connect');
  const { localPort } = before;
  // In one turn: the server sees the new connection before it hears that the old one is closed.
  before.resetAndDestroy();
  const again = connect({ port, host, localAddress, localPort });
  const client = createWebSocketStream(
    new WebSocket(url, 'mqtt', { createConnection: () => again }),
  );
  client.write('ping');
  const answer = await Promise.race([once(client, 'data'), once(client, 'close')]);
  expect(String(answer[0])).toBe('ping');
  client.destroy();
});
