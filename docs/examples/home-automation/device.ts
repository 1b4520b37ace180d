import mqtt, { type MqttClient } from 'mqtt';

export interface Login {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** Connects something of the house. All can see at status/<client identifier> whether it is online or offline. */
export async function connectDevice(clientId: string, login: Login): Promise<MqttClient> {
  const topic = `status/${clientId}`;
  const client = mqtt.connect(login.url, {
    clientId,
    username: login.username,
    password: login.password,
    protocolVersion: 5,
    keepalive: 10,
    will: { topic, payload: Buffer.from('offline'), qos: 1, retain: true },
  });
  // Also when it comes back after the connection was lost.
  client.on('connect', () => client.publish(topic, 'online', { qos: 1, retain: true }));
  await new Promise<void>((resolve, reject) => {
    client.on('connect', () => resolve());
    client.on('error', reject);
  });
  return client;
}

/** Ends it in order. 0x04 is a DISCONNECT that asks for the will: who goes is offline, too. */
export async function disconnectDevice(client: MqttClient): Promise<void> {
  await client.endAsync(false, { reasonCode: 0x04 });
}
