// MQTT and HTTPS on one port, 443 for one: clients say in the TLS handshake (ALPN) what they speak.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createBroker } from '@sluice/core';

export interface AlpnOptions {
  readonly port: number;
  readonly host?: string;
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export async function start({ port, host = '127.0.0.1', cert, key }: AlpnOptions) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));
  const http = createHttpServer((_request, response) => {
    response.end(`${broker.stats.clients} clients are connected\n`);
  });

  const server = createTlsServer({ cert, key, ALPNProtocols: ['mqtt', 'http/1.1'] }, (socket) => {
    // Who offers nothing that is on the list is refused in the handshake; who offers nothing at all is no browser.
    if (socket.alpnProtocol === 'http/1.1') http.emit('connection', socket);
    else broker.handle(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');

  return {
    broker,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await broker.close({ graceMs: 5_000 });
      http.closeAllConnections();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const [, , cert = 'cert.pem', key = 'key.pem', port = '8883'] = process.argv;
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  const running = await start({ port: Number(port), ...files });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, running.close);
  console.log(`mqtts://127.0.0.1:${running.port} and https://127.0.0.1:${running.port}`);
}
