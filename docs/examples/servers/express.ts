// An Express service whose port serves HTTP, and MQTT over WebSocket at /mqtt.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBroker } from '@sluice/core';
import { attachWebSocket } from '@sluice/server';
import express from 'express';

export async function start({ port = 8080, host = '127.0.0.1' } = {}) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const app = express();
  app.get('/health', (_request, response) => {
    response.json({ clients: broker.stats.clients });
  });
  app.post('/publish/*topic', express.raw({ type: '*/*' }), async (request, response) => {
    const topic = request.params.topic.join('/');
    await broker.publish({ topic, payload: request.body ?? '', qos: 1 });
    response.sendStatus(204);
  });

  // Not app.listen: the upgrade to WebSocket is an event of the server below Express.
  const server = createServer(app);
  const detach = attachWebSocket(server, broker, { path: '/mqtt' });
  server.listen(port, host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      detach(); // no new clients of MQTT; requests that are being answered go on
      server.close();
      await broker.close({ graceMs: 5_000 });
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { port, close } = await start({ port: Number(process.argv[2] ?? 8080) });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
  console.log(`http://127.0.0.1:${port}/health and ws://127.0.0.1:${port}/mqtt`);
}
