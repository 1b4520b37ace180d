// A PLC, simulated: a thermometer, and a boiler that is on or off.
import type { MqttClient } from 'mqtt';
import { connectDevice, type Login } from './device.ts';

export interface Simulation {
  /** Milliseconds between two measurements. */
  readonly tickMs: number;
}

const room = 'home/living-room';

export async function startPlcHeating(login: Login, { tickMs }: Simulation): Promise<MqttClient> {
  const client = await connectDevice('plc-heating', login);
  let celsius = 19.5;
  let isBurning = false;

  const tell = (name: string, value: string) =>
    client.publish(`${room}/${name}`, value, { qos: 1, retain: true });

  client.on('message', (_topic, payload) => {
    isBurning = payload.toString() === 'on';
    tell('boiler', isBurning ? 'on' : 'off');
  });
  await client.subscribeAsync(`${room}/boiler/set`, { qos: 1 });
  tell('boiler', 'off');
  tell('temperature', celsius.toFixed(1));

  const timer = setInterval(() => {
    celsius += isBurning ? 0.1 : -0.05;
    tell('temperature', celsius.toFixed(1));
  }, tickMs);
  client.once('end', () => clearInterval(timer));
  return client;
}
