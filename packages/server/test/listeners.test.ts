import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ConnectionInfo } from '@sluice/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ListenerOptions } from '../src/config.ts';
import { Arrivals } from '../src/listeners/arrivals.ts';
import { type Listener, listen } from '../src/listeners/listener.ts';
import { prepareListener } from '../src/listeners/open.ts';
import { createLogger } from '../src/logging.ts';
import { fixture, serverFiles, trust, trustAndProve } from './certificates.ts';
import { portOf } from './ports.ts';

const host = '127.0.0.1';

let directory: string;
let infos: Partial<ConnectionInfo>[];
let log: string[];
let opened: Listener[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-listeners-'));
  infos = [];
  log = [];
  opened = [];
});

afterEach(() => {
  for (const listener of opened) {
    listener.stop();
    listener.destroy();
  }
  rmSync(directory, { recursive: true });
});

/** Opens a listener whose broker sends back what it gets. */
async function open(options: ListenerOptions, timeoutMs = 5_000): Promise<Listener> {
  const logger = createLogger('debug', { write: (line) => void log.push(line) });
  const listener = await prepareListener(options)({
    handle: (stream: Duplex, info: Partial<ConnectionInfo> = {}) => {
      infos.push(info);
      stream.on('error', () => {});
      stream.pipe(stream);
    },
    logger,
    arrivals: new Arrivals({ timeoutMs, maxPending: 100, maxPendingPerAddress: 100 }, logger),
    maxPacketBytes: 1_000,
    maxConnectPacketBytes: 65_536,
  });
  opened.push(listener);
  return listener;
}

async function echoed(stream: Duplex): Promise<string> {
  stream.write('ping');
  const [chunk] = await once(stream, 'data');
  stream.destroy();
  return String(chunk);
}

async function echoedOver(client: WebSocket): Promise<string> {
  await once(client, 'open');
  client.send(Buffer.from('ping'));
  const [data] = await once(client, 'message');
  client.terminate();
  return String(data);
}

function portUsed(listener: Listener): number {
  if (listener.port === undefined) throw new Error('the listener has no port');
  return listener.port;
}

describe('a listener', () => {
  it('takes TCP', async () => {
    const listener = await open({ type: 'tcp', host, port: 0 });
    expect(listener).toMatchObject({ type: 'tcp', url: `mqtt://127.0.0.1:${listener.port}` });
    expect(await echoed(connect(portUsed(listener), host))).toBe('ping');
    expect(infos).toEqual([
      {
        transport: 'tcp',
        listener: listener.url,
        remoteAddress: host,
        remotePort: expect.any(Number),
      },
    ]);
  });

  it('takes TLS', async () => {
    const listener = await open({ type: 'tls', host, port: 0, ...serverFiles });
    expect(listener.url).toBe(`mqtts://127.0.0.1:${listener.port}`);
    expect(await echoed(connectTls(portUsed(listener), host, trust))).toBe('ping');
    expect(infos).toMatchObject([
      { transport: 'tls', listener: listener.url, certificateName: undefined },
    ]);
  });

  it('takes WebSocket, on its path', async () => {
    const listener = await open({ type: 'ws', host, port: 0, path: '/mqtt' });
    expect(listener.url).toBe(`ws://127.0.0.1:${listener.port}/mqtt`);
    expect(await echoedOver(new WebSocket(listener.url, 'mqtt'))).toBe('ping');
    expect(infos).toMatchObject([
      { transport: 'ws', listener: listener.url, request: { url: '/mqtt' } },
    ]);
  });

  it('takes WebSocket over TLS', async () => {
    const listener = await open({ type: 'wss', host, port: 0, ...serverFiles });
    expect(listener.url).toBe(`wss://127.0.0.1:${listener.port}`);
    expect(await echoedOver(new WebSocket(listener.url, 'mqtt', trust))).toBe('ping');
    expect(infos).toMatchObject([{ transport: 'wss', listener: listener.url }]);
  });

  it('takes a Unix socket', async () => {
    const path = join(directory, 's');
    const listener = await open({ type: 'unix', path });
    expect(listener).toMatchObject({ type: 'unix', url: `unix:${path}`, port: undefined });
    expect(await echoed(connect(path))).toBe('ping');
    expect(infos).toEqual([{ transport: 'unix', listener: listener.url }]);
    listener.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('accepts nobody once it is stopped, and keeps who is there', async () => {
    const listener = await open({ type: 'tcp', host, port: 0 });
    const client = connect(portUsed(listener), host);
    await once(client, 'connect');
    client.write('a');
    await once(client, 'data');
    listener.stop();
    const late = connect(portUsed(listener), host);
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await echoed(client)).toBe('ping');
  });

  it('answers a plain HTTP request with 426', async () => {
    const listener = await open({ type: 'ws', host, port: 0 });
    const [response] = await once(get({ host, port: portUsed(listener) }), 'response');
    expect(response.statusCode).toBe(426);
    expect(response.headers).toMatchObject({ upgrade: 'websocket', connection: 'close' });
    response.resume();
  });
});

describe('client certificates', () => {
  const asking = {
    ...serverFiles,
    host,
    port: 0,
    ca: fixture('ca.crt'),
    requestClientCertificate: true,
  };

  it('give their name to the broker', async () => {
    const tls = await open({ type: 'tls', ...asking });
    expect(await echoed(connectTls(portUsed(tls), host, trustAndProve))).toBe('ping');
    const wss = await open({ type: 'wss', ...asking });
    expect(await echoedOver(new WebSocket(wss.url, 'mqtt', trustAndProve))).toBe('ping');
    expect(infos.map(({ certificateName }) => certificateName)).toEqual(['sensor-7', 'sensor-7']);
  });

  it('are demanded where they are asked for', async () => {
    const listener = await open({ type: 'tls', ...asking });
    const client = connectTls(portUsed(listener), host, trust);
    client.resume();
    await expect(once(client, 'end')).rejects.toThrow(/certificate required/i);
    expect(infos).toEqual([]);
    expect(log.join()).toContain('TLS handshake failed');
  });
});

describe('handshakes', () => {
  it.each([
    { type: 'tls', host, port: 0, ...serverFiles },
    { type: 'wss', host, port: 0, ...serverFiles },
    { type: 'ws', host, port: 0 },
  ] as const)('of $type that never come are cut off', async (options) => {
    const listener = await open(options, 100);
    const client = connect(portUsed(listener), host);
    client.resume();
    await once(client, 'close');
    expect(infos).toEqual([]);
  });

  it.each([
    { type: 'tls', host, port: 0, ...serverFiles },
    { type: 'wss', host, port: 0, ...serverFiles },
    { type: 'ws', host, port: 0 },
  ] as const)('of $type under way are dropped when all is destroyed', async (options) => {
    const listener = await open(options);
    const client = connect(portUsed(listener), host);
    client.on('error', () => {});
    client.resume();
    await once(client, 'connect');
    // The server has accepted it once a second connection is answered behind it in the same queue.
    await reach(listener);
    listener.stop();
    listener.destroy();
    await once(client, 'close');
  });

  it('that are nonsense hurt nobody', async () => {
    for (const options of [
      { type: 'tls', host, port: 0, ...serverFiles },
      { type: 'ws', host, port: 0 },
    ] as const) {
      const listener = await open(options);
      const client = connect(portUsed(listener), host);
      client.on('error', () => {});
      client.resume();
      client.write('\u0000nonsense\r\n\r\n');
      await once(client, 'close');
      await reach(listener);
    }
    expect(log.some((line) => line.includes('TLS handshake failed'))).toBe(true);
    expect(log.some((line) => line.includes('bad HTTP request'))).toBe(true);
  });

  /** Goes once through the handshake of a listener. */
  async function reach(listener: Listener): Promise<void> {
    if (listener.type === 'tls') {
      await echoed(connectTls(portUsed(listener), host, trust));
    } else {
      await echoedOver(new WebSocket(listener.url, 'mqtt', trust));
    }
  }
});

describe('what cannot be listened on', () => {
  it('is a port in use', async () => {
    const other = createHttpServer();
    other.listen(0, host);
    await once(other, 'listening');
    const port = portOf(other);
    for (const options of [
      { type: 'tcp', host, port },
      { type: 'ws', host, port },
      { type: 'tls', host, port, ...serverFiles },
    ] as const) {
      await expect(open(options)).rejects.toMatchObject({
        code: 'SLUICE_PORT_BUSY',
        message: `Port ${port} of 127.0.0.1 is in use by another process.`,
      });
    }
    other.close();
  });

  it('is an address of another machine', async () => {
    await expect(open({ type: 'tcp', host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'SLUICE_LISTEN',
      message: 'Port 0 of 192.0.2.1 cannot be listened on: this machine has no such address.',
    });
  });

  it('is a Unix socket that somebody listens on', async () => {
    const path = join(directory, 's');
    const other = createServer((socket: Socket) => void socket.end());
    other.listen(path);
    await once(other, 'listening');
    await expect(open({ type: 'unix', path })).rejects.toMatchObject({ code: 'SLUICE_PORT_BUSY' });
    expect(statSync(path).isSocket()).toBe(true);
    other.close();
  });

  it('is a file that is no socket, which stays as it is', async () => {
    const path = join(directory, 'precious');
    writeFileSync(path, 'content');
    await expect(open({ type: 'unix', path })).rejects.toMatchObject({
      code: 'SLUICE_LISTEN',
      message: `${path} cannot be listened on: something else than a socket is there.`,
    });
    expect(statSync(path).size).toBe(7);
  });

  it('is a directory that is not there', async () => {
    await expect(open({ type: 'unix', path: join(directory, 'no/s') })).rejects.toMatchObject({
      code: 'SLUICE_LISTEN',
      message: expect.stringMatching(/the directory does not exist/),
    });
  });

  it.each([
    ['longer than the address of a socket', join(tmpdir(), 'x'.repeat(108))],
    ['with a zero', join(tmpdir(), 'a\0b')],
  ])('is a path %s', async (_, path) => {
    expect(() => prepareListener({ type: 'unix', path })).toThrow(
      expect.objectContaining({ code: 'SLUICE_LISTEN' }),
    );
  });
});

it('tells of errors while it listens, but not of thousands', async () => {
  const logger = createLogger('error', { write: (line) => void log.push(line) });
  const server = createServer();
  await listen(server, { host, port: 0 }, logger);
  for (let count = 0; count < 1_000; count++) server.emit('error', new Error('accept EMFILE'));
  server.close();
  // A second may end in between.
  expect(log.length).toBeGreaterThanOrEqual(20);
  expect(log.length).toBeLessThanOrEqual(42);
});

it('replaces the socket file of a process that died', async () => {
  const path = join(directory, 's');
  spawnSync(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(statSync(path).isSocket()).toBe(true);
  await open({ type: 'unix', path });
  expect(await echoed(connect(path))).toBe('ping');
});

describe('certificate files', () => {
  const broken = 'SLUICE_CERTIFICATE';

  it.each([
    [
      'missing',
      { cert: '/nowhere/a.crt' },
      /^The certificate file \/nowhere\/a.crt cannot be read \(ENOENT/,
    ],
    [
      'without a key',
      { key: '/nowhere/a.key' },
      /^The private key file .* cannot be read \(ENOENT/,
    ],
    [
      'without authorities',
      { ca: '/nowhere/ca' },
      /^The authorities file .* cannot be read \(ENOENT/,
    ],
    ['no certificates', { cert: fixture('server.key') }, /server.key.* cannot be used \(.+\)\.$/],
    ['of different pairs', { key: fixture('client.key') }, /cannot be used \(.*mismatch.*\)\.$/],
  ])('%s are refused in one sentence', (_what, files, message) => {
    const options = { type: 'tls', ...serverFiles, ...files } as const;
    expect(() => prepareListener(options)).toThrow(expect.objectContaining({ code: broken }));
    expect(() => prepareListener(options)).toThrow(message);
  });
});
