import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, get } from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer as createHttp2Server,
} from 'node:http2';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { type Broker, createBroker } from '@sluice/core';
import { attachWebSocket, webSocketStream } from '@sluice/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serverFiles, trust } from '../../packages/server/test/certificates.ts';
import { portOf } from '../../packages/server/test/ports.ts';
import { host } from '../support/server-process.ts';
import { tryStream } from '../support/stream-trial.ts';

let broker: Broker;
let servers: Server[];

beforeEach(async () => {
  broker = await createBroker();
  servers = [];
});

afterEach(async () => {
  await expect.poll(() => broker.stats.clients).toBe(0);
  await broker.close();
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  return portOf(server);
}

test('a duplex pair', async () => {
  await tryStream(() => {
    const [ours, theirs] = duplexPair();
    broker.handle(theirs);
    // What a socket does by itself.
    ours.once('close', () => theirs.destroy());
    return ours;
  });
});

test('a TLS socket', async () => {
  const options = { cert: readFileSync(serverFiles.cert), key: readFileSync(serverFiles.key) };
  const port = await listening(createTlsServer(options, broker.handle));
  await tryStream(() => connectTls(port, host, trust));
});

test('a socket that somebody looked into first, and paused meanwhile', async () => {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.once('data', (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      setImmediate(broker.handle, socket);
    });
    socket.resume();
  });
  const port = await listening(server);
  await tryStream(() => connect(port, host));
});

test('a WebSocket inside a server of HTTP that has other things to do', async () => {
  const server = createHttpServer((_request, response) => response.end('hello'));
  attachWebSocket(server, broker, { path: '/mqtt' });
  const port = await listening(server);
  await tryStream(() => webSocketStream(new WebSocket(`ws://${host}:${port}/mqtt`, 'mqtt')));
  const [response] = await once(get({ host, port, agent: false }), 'response');
  expect(await text(response)).toBe('hello');
});

test('a stream of HTTP/2, several on one connection', async () => {
  const server = createHttp2Server();
  server.on('stream', (stream: Duplex & { respond(headers: object): void }) => {
    stream.respond({ ':status': 200 });
    broker.handle(stream);
  });
  const port = await listening(server);
  const session: ClientHttp2Session = connectHttp2(`http://${host}:${port}`);
  await tryStream(() => session.request({ ':method': 'POST', ':path': '/mqtt' }));
  session.close();
});

test('a Unix socket', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
  const path = join(directory, 'broker');
  const server = createServer(broker.handle);
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  await tryStream(() => connect(path));
  rmSync(directory, { recursive: true });
});
