// A service: remembers what happened last, for whoever opens the page.
import type { MqttClient } from 'mqtt';
import { connectDevice, type Login } from './device.ts';

export interface LogEntry {
  readonly at: string;
  readonly topic: string;
  readonly value: string;
}

const maxEntries = 8;

export async function startLogger(login: Login): Promise<MqttClient> {
  const client = await connectDevice('logger', login);
  const last = new Map<string, string>();
  let entries: readonly LogEntry[] = [];

  client.on('message', (topic, payload) => {
    const value = payload.toString();
    if (last.get(topic) === value) return; // nothing new
    last.set(topic, value);
    entries = [{ at: new Date().toISOString(), topic, value }, ...entries].slice(0, maxEntries);
    client.publish('log/latest', JSON.stringify(entries), { qos: 1, retain: true });
  });
  await client.subscribeAsync(['home/+/light', 'home/+/boiler', 'home/+/target', 'status/+'], {
    qos: 1,
  });
  return client;
}
