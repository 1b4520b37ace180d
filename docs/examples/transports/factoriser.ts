// Runs in a worker thread: finds the prime factors of each number that is published to factor/<name>.
import { type MessagePort, workerData } from 'node:worker_threads';
import { MqttClient } from 'mqtt';
import { MessagePortStream } from './message-port-stream.ts';

const { port } = workerData as { readonly port: MessagePort };
const client = new MqttClient(() => new MessagePortStream(port), {
  protocolVersion: 5,
  clientId: 'factoriser',
  reconnectPeriod: 0, // a port cannot be opened again
});

client.on('message', (topic, payload) => {
  const factors = factorsOf(Number(payload));
  client.publish(topic.replace('factor', 'factors'), factors.join(' '), { qos: 1 });
});
await client.subscribeAsync('factor/+', { qos: 1 });
await client.publishAsync('workers/factoriser', 'ready', { qos: 1, retain: true });

function factorsOf(number: number): number[] {
  const factors: number[] = [];
  let rest = number;
  for (let divisor = 2; divisor * divisor <= rest; divisor++) {
    for (; rest % divisor === 0; rest /= divisor) factors.push(divisor);
  }
  return rest > 1 ? [...factors, rest] : factors;
}
