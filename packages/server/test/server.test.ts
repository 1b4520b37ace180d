import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { writeUser } from '@sluice/auth';
import { createBroker } from '@sluice/core';
import { allow, deny, type Plugin } from '@sluice/plugin';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { attachWebSocket } from '../src/attach-web-socket.ts';
import { createLogger } from '../src/logging.ts';
import { type RunningServer, type ServerOptions, startServer } from '../src/server.ts';
import { serverFiles, trust } from './certificates.ts';
import { portOf } from './ports.ts';

const host = '127.0.0.1';
const tcp = { type: 'tcp', host, port: 0 } as const;

/** CONNECT of an anonymous client without an identifier, Clean Start, keep alive 60 s. */
const connect311 = Buffer.from('100c00044d5154540402003c0000', 'hex');
const connect5 = Buffer.from('100d00044d5154540502003c000000', 'hex');
const accepted311 = '20020000';

let directory: string;
let servers: RunningServer[];
let log: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-server-'));
  servers = [];
  log = [];
});

afterEach(async () => {
  for (const server of servers) await server.close({ graceMs: 0 });
  rmSync(directory, { recursive: true });
});

async function start(options: ServerOptions): Promise<RunningServer> {
  const server = await startServer({
    persistence: 'memory',
    allowEphemeralPorts: true,
    logger: createLogger('debug', { write: (line) => void log.push(line) }),
    ...options,
  });
  servers.push(server);
  return server;
}

function dial(server: RunningServer, index = 0): Duplex {
  const listener = server.listeners[index];
  switch (listener?.type) {
    case 'tcp':
      return connect(listener.port ?? 0, host);
    case 'tls':
      return connectTls(listener.port ?? 0, host, trust);
    case 'ws':
    case 'wss':
      return createWebSocketStream(new WebSocket(listener.url, 'mqtt', trust));
    case 'unix':
      return connect(listener.url.slice('unix:'.length));
    default:
      throw new Error(`there is no listener ${index}`);
  }
}

async function answerTo(stream: Duplex, bytes: Uint8Array): Promise<string> {
  stream.write(bytes);
  const [answer] = await once(stream, 'data');
  return answer.toString('hex');
}

/** CONNECT with a user name and a password. */
function connectAs(user: string, password: string): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
  const body = Buffer.concat([
    Buffer.from('00044d51545404c2003c0000', 'hex'),
    text(user),
    text(password),
  ]);
  return Buffer.concat([Buffer.of(0x10, body.length), body]);
}

describe('a server', () => {
  it('serves MQTT on every listener at once', async () => {
    const server = await start({
      listeners: [
        tcp,
        { type: 'tls', host, port: 0, ...serverFiles },
        { type: 'ws', host, port: 0, path: '/mqtt' },
        { type: 'wss', host, port: 0, ...serverFiles },
        { type: 'unix', path: join(directory, 's') },
        tcp,
      ],
    });
    expect(server.listeners.map(({ type }) => type)).toEqual([
      'tcp',
      'tls',
      'ws',
      'wss',
      'unix',
      'tcp',
    ]);
    for (const index of server.listeners.keys()) {
      const client = dial(server, index);
      expect(await answerTo(client, connect311)).toBe(accepted311);
      client.destroy();
    }
    for (const { url } of server.listeners) expect(log.join('')).toContain(`listening on ${url}`);
  });

  it('reads a CONNECT that comes in frames of one byte, and packets that share a frame', async () => {
    const server = await start({ listeners: [{ type: 'ws', host, port: 0 }] });
    const client = new WebSocket(server.listeners[0]?.url ?? '', 'mqtt');
    await once(client, 'open');
    const answers: Buffer[] = [];
    client.on('message', (data: Buffer) => answers.push(data));
    for (const byte of connect311) client.send(Buffer.of(byte));
    await once(client, 'message');
    const ping = Buffer.from('c000', 'hex');
    client.send(Buffer.concat([ping, ping, ping]));
    while (Buffer.concat(answers).length < 10) await once(client, 'message');
    expect(Buffer.concat(answers).toString('hex')).toBe(`${accepted311}d000d000d000`);
    client.terminate();
  });

  it('says goodbye when it closes, and accepts nobody any more', async () => {
    const server = await start({ listeners: [tcp] });
    const client = dial(server);
    expect(await answerTo(client, connect5)).toMatch(/^20..0000/);
    const goodbye = once(client, 'data');
    const closed = once(client, 'close');
    await server.close();
    expect((await goodbye)[0].toString('hex')).toMatch(/^e0..8b/);
    await closed;
    await expect(once(dial(server), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes once, however often it is asked', async () => {
    const server = await start({ listeners: [tcp] });
    await Promise.all([server.close(), server.close()]);
  });

  it('can still be closed when it was asked to close in an impossible time', async () => {
    const server = await start({ listeners: [tcp] });
    const refused = { code: 'SLUICE_OPTION', message: expect.stringContaining('graceMs') };
    await expect(server.close({ graceMs: -1 })).rejects.toMatchObject(refused);
    await server.close();
    await expect(server.broker.publish({ topic: 'a', payload: '' })).rejects.toMatchObject({
      code: 'SLUICE_CLOSED',
    });
  });

  it('keeps what it is told in LevelDB', async () => {
    const options = { listeners: [tcp], persistence: { path: join(directory, 'store') } };
    const server = await start(options);
    await server.broker.publish({ topic: 'kept', payload: 'yes', qos: 1, retain: true });
    await server.close();
    const again = await start(options);
    const client = dial(again);
    await answerTo(client, connect311);
    // SUBSCRIBE to `kept`; SUBACK and the retained message may come in one piece or two.
    client.write(Buffer.from('820900010004', 'hex'));
    client.write(Buffer.concat([Buffer.from('kept'), Buffer.of(0)]));
    let received = Buffer.alloc(0);
    for await (const chunk of client) {
      received = Buffer.concat([received, chunk]);
      if (received.includes('yes')) break;
    }
    expect(received.toString('latin1')).toContain('keptyes');
  });

  it('leaves nothing open when a listener fails', async () => {
    const first = await start({ listeners: [tcp] });
    const busy = { ...tcp, port: first.listeners[0]?.port ?? 0 };
    const path = join(directory, 's');
    const options = {
      listeners: [{ type: 'unix', path } as const, busy],
      persistence: { path: join(directory, 'store') },
    };
    await expect(start(options)).rejects.toMatchObject({ code: 'SLUICE_PORT_BUSY' });
    expect(existsSync(path)).toBe(false);
    await first.close();
    await start(options);
  });
});

describe('who may connect', () => {
  it('is everybody on this machine without users, and the log says so', async () => {
    await start({ listeners: [tcp] });
    expect(log.join('')).toContain('no users are configured: only this machine can connect');
  });

  it('is who has a password, with users', async () => {
    const users = join(directory, 'users.json');
    await writeUser(users, 'ann', 'secret');
    const server = await start({ listeners: [tcp], users });
    expect(await answerTo(dial(server), connectAs('ann', 'secret'))).toBe(accepted311);
    expect(await answerTo(dial(server), connectAs('ann', 'guess'))).toBe('20020004');
    expect(await answerTo(dial(server), connect311)).toMatch(/^2002000[45]$/);
    expect(log.join('')).not.toContain('no users');
    expect(log.join('')).not.toMatch(/secret|guess/);
  });

  it('is who has a password or brings no name, with users and allowAnonymous', async () => {
    const users = join(directory, 'users.json');
    await writeUser(users, 'ann', 'secret');
    const server = await start({ listeners: [tcp], users, allowAnonymous: true });
    expect(await answerTo(dial(server), connect311)).toBe(accepted311);
    expect(await answerTo(dial(server), connectAs('ann', 'guess'))).toBe('20020004');
  });
});

describe('a plug-in of the program', () => {
  const everywhere = { type: 'tcp', host: '0.0.0.0', port: 0 } as const;

  it('that asks clients who they are lets the server listen everywhere', async () => {
    const doorman: Plugin = {
      name: 'doorman',
      setup: ({ hook }) =>
        hook('authenticate', ({ userName }) => (userName === 'ann' ? allow() : deny())),
    };
    const server = await start({ listeners: [everywhere], plugins: [doorman] });
    expect(await answerTo(dial(server), connectAs('ann', 'secret'))).toBe(accepted311);
    expect(await answerTo(dial(server), connect311)).toBe('20020005');
    expect(log.join('')).not.toContain('no users');
  });

  it('that asks nobody does not', async () => {
    const closed = vi.fn();
    const other: Plugin = { name: 'other', setup: ({ hook }) => hook('close', closed) };
    const starting = start({ listeners: [everywhere], plugins: [other] });
    await expect(starting).rejects.toMatchObject({ code: 'SLUICE_OPEN_TO_ALL' });
    expect(closed).toHaveBeenCalledOnce();
  });
});

describe('options', () => {
  it.each([
    [{ listeners: [{ type: 'tcp', port: 0 }] }, 'SLUICE_CONFIG_VALUE', /startServer: "listeners/],
    // It would do until somebody is refused.
    [{ logger: console }, 'SLUICE_CONFIG_VALUE', /startServer: "logger" must be a logger of pino/],
    [{ logger: null }, 'SLUICE_CONFIG_VALUE', /startServer: "logger"/],
    [{ plugins: { name: 'a' } }, 'SLUICE_CONFIG_VALUE', /startServer: "plugins" must be a list/],
    [{ host: '::' }, 'SLUICE_CONFIG_KEY', /startServer: "host" is not a known key/],
    [{ listeners: [] }, 'SLUICE_CONFIG_CONFLICT', /nothing to listen on/],
    [{ listeners: [{ type: 'tcp', host: '::' }] }, 'SLUICE_OPEN_TO_ALL', /Without users/],
  ])('%j are refused', async (options, code, message) => {
    const starting = startServer({ persistence: 'memory', ...options } as ServerOptions);
    await expect(starting).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

it('attaches a broker to an HTTP server that serves other things', async () => {
  const broker = await createBroker({});
  const http = createServer((_request, response) => void response.end('a page'));
  attachWebSocket(http, broker, { path: '/mqtt' });
  http.listen(0, host);
  await once(http, 'listening');
  const page = await fetch(`http://${host}:${portOf(http)}/`, { headers: { connection: 'close' } });
  expect(await page.text()).toBe('a page');
  const socket = new WebSocket(`ws://${host}:${portOf(http)}/mqtt`, 'mqtt');
  expect(await answerTo(createWebSocketStream(socket), connect311)).toBe(accepted311);
  socket.terminate();
  await broker.close();
  http.close();
});
