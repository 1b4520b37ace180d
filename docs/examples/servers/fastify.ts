// A Fastify service whose port serves HTTP, and MQTT over WebSocket at /mqtt.
import type { AddressInfo } from 'node:net';
import { createBroker } from '@sluice/core';
import { attachWebSocket } from '@sluice/server';
import Fastify from 'fastify';

export async function start({ port = 8080, host = '127.0.0.1' } = {}) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const app = Fastify();
  app.get('/health', () => ({ clients: broker.stats.clients }));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post<{ Params: { '*': string }; Body?: Buffer }>('/publish/*', async (request, reply) => {
    await broker.publish({ topic: request.params['*'], payload: request.body ?? '', qos: 1 });
    return reply.code(204).send();
  });

  attachWebSocket(app.server, broker, { path: '/mqtt' });
  // Fastify waits until every connection is closed, and those of MQTT stay open: they end first.
  app.addHook('preClose', () => broker.close({ graceMs: 5_000 }));

  await app.listen({ port, host });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

if (process.argv[1] === import.meta.filename) {
  const { port, close } = await start({ port: Number(process.argv[2] ?? 8080) });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
  console.log(`http://127.0.0.1:${port}/health and ws://127.0.0.1:${port}/mqtt`);
}
