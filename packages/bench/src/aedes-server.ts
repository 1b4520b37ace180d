// Aedes as a process of its own: aedes-server.js PORT [DIRECTORY]. The environment says what it listens for:
// BENCH_CERT and BENCH_KEY for TLS, BENCH_WS for WebSocket.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { Aedes } from 'aedes';
import persistenceLevel from 'aedes-persistence-level';
import { Level } from 'level';
import { createWebSocketStream, WebSocketServer } from 'ws';

const [port, directory] = process.argv.slice(2);
const { BENCH_CERT: cert, BENCH_KEY: key, BENCH_WS: isWebSocket } = process.env;
const database =
  directory === undefined ? undefined : new Level(directory, { valueEncoding: 'binary' });

const broker = await Aedes.createBroker({
  ...(database === undefined ? {} : { persistence: persistenceLevel(database) }),
  // Its defaults would cut clients off under these loads: they are raised so that it can finish them.
  queueLimit: 100_000,
  maxClientsIdLength: 64,
});
broker.on('clientError', (_client, error) => console.error('clientError', error.message));
broker.on('connectionError', (_client, error) => console.error('connectionError', error.message));

process.once('SIGTERM', () => {
  broker.close(() => {
    void Promise.resolve(database?.close()).finally(() => process.exit());
  });
});

listener().listen(Number(port), '127.0.0.1', 4096);

function listener(): net.Server {
  if (isWebSocket !== undefined) return webSocketServer();
  if (cert === undefined || key === undefined) {
    return net.createServer({ noDelay: true }, broker.handle);
  }
  const options = { cert: readFileSync(cert), key: readFileSync(key), noDelay: true };
  return tls.createServer(options, broker.handle);
}

function webSocketServer(): net.Server {
  const server = http.createServer({ noDelay: true });
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  webSockets.on('connection', (socket, request) => {
    broker.handle(createWebSocketStream(socket), request);
  });
  return server;
}
