// A worker thread as a client: what takes long runs there, and the rest of the program speaks MQTT with it.
import { MessageChannel, Worker } from 'node:worker_threads';
import { createBroker } from '@sluice/core';
import { MessagePortStream } from './message-port-stream.ts';

export async function start() {
  const broker = await createBroker();
  broker.on('error', (error) => console.error(error));

  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./factoriser-worker.js', import.meta.url), {
    workerData: { port: port2 },
    transferList: [port2],
  });
  broker.handle(new MessagePortStream(port1), { transport: 'worker' });
  for await (const _ready of broker.subscribe('workers/factoriser')) break;

  return {
    broker,
    async close() {
      await broker.close();
      await worker.terminate();
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const { broker, close } = await start();
  const answers = broker.subscribe('factors/+');
  await broker.publish({ topic: 'factor/one', payload: '1234567890', qos: 1 });
  for await (const { topic, payload } of answers) {
    console.log(`${topic}: ${payload}`); // factors/one: 2 3 3 5 3607 3803
    break;
  }
  await close();
}
