// Another PLC, simulated: the lights of some rooms.
import type { MqttClient } from 'mqtt';
import { connectDevice, type Login } from './device.ts';

const rooms = ['hall', 'kitchen', 'living-room'];

export async function startPlcLights(login: Login): Promise<MqttClient> {
  const client = await connectDevice('plc-lights', login);
  // What was asked for is one topic, what is the case another one: the page shows the second.
  const tell = (room: string, value: string) =>
    client.publish(`home/${room}/light`, value, { qos: 1, retain: true });

  client.on('message', (topic, payload) => {
    const [, room = ''] = topic.split('/');
    const value = payload.toString();
    if (rooms.includes(room) && (value === 'on' || value === 'off')) tell(room, value);
  });
  await client.subscribeAsync('home/+/light/set', { qos: 1 });
  for (const room of rooms) tell(room, 'off');
  return client;
}
