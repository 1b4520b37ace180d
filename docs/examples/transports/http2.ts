// MQTT over HTTP/2: each client is one stream, beside other requests, and many share a connection.
import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createBroker } from '@sluice/core';

export async function start({ port = 8080, host = '127.0.0.1' } = {}) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const server = createServer(); // createSecureServer({ key, cert }) for more than this machine
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const { ':method': method, ':path': url = '/' } = headers;
    if (method !== 'POST' || url !== '/mqtt') {
      stream.respond({ ':status': 404 }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200 });
    const { remoteAddress, remotePort } = stream.session?.socket ?? {};
    broker.handle(stream, {
      transport: 'h2',
      remoteAddress,
      remotePort,
      request: { url, headers },
    });
  });
  server.listen(port, host);
  await once(server, 'listening');

  return {
    broker,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await broker.close({ graceMs: 5_000 });
      for (const session of sessions) session.close();
    },
  };
}

/** The client's side: `new MqttClient(() => dial(url), options)` of MQTT.js. */
export function dial(url: string): Duplex {
  const session = connect(url);
  const stream = session.request({ ':method': 'POST', ':path': '/mqtt' });
  session.once('error', (error) => stream.destroy(error));
  stream.once('close', () => session.close());
  return stream;
}

if (process.argv[1] === import.meta.filename) {
  const { port, close } = await start({ port: Number(process.argv[2] ?? 8080) });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
  console.log(`http://127.0.0.1:${port}/mqtt`);
}
