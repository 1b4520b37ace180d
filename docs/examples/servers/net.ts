// MQTT over TCP: a broker, and a server of Node that hands it sockets.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createBroker } from '@sluice/core';

export async function start({ port = 1883, host = '127.0.0.1' } = {}) {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const server = createServer(broker.handle).listen(port, host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close(); // nobody new
      await broker.close({ graceMs: 5_000 }); // who is there is told, and gets what is on its way
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { port, close } = await start({ port: Number(process.argv[2] ?? 1883) });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
  console.log(`mqtt://127.0.0.1:${port}`);
}
