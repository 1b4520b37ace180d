// A service: keeps the living room at the temperature that somebody asked for.
import type { MqttClient } from 'mqtt';
import { connectDevice, type Login } from './device.ts';

const room = 'home/living-room';
const [lowest, highest] = [5, 30];
/** Degrees that the temperature may be off, so that the boiler does not flicker. */
const tolerance = 0.3;

export async function startHeating(login: Login): Promise<MqttClient> {
  const client = await connectDevice('heating', login);
  let target: number | undefined;
  let temperature: number | undefined;
  let isHeating: boolean | undefined;

  function aimAt(celsius: number): void {
    target = celsius;
    client.publish(`${room}/target`, String(target), { qos: 1, retain: true });
  }

  function control(): void {
    if (temperature === undefined || target === undefined) return;
    let wanted = isHeating ?? false;
    if (temperature < target - tolerance) wanted = true;
    if (temperature > target + tolerance) wanted = false;
    if (wanted === isHeating) return;
    isHeating = wanted;
    client.publish(`${room}/boiler/set`, wanted ? 'on' : 'off', { qos: 1 });
  }

  client.on('message', (topic, payload) => {
    const value = Number(payload.toString());
    if (topic === `${room}/temperature`) {
      temperature = value;
      if (target === undefined) aimAt(20);
    } else if (topic === `${room}/target`) {
      target = value;
    } else if (value >= lowest && value <= highest) {
      aimAt(value);
    }
    control();
  });
  // What it aimed at before it was started again is retained, and comes first. No Local: what it says later does not
  // come back.
  await client.subscribeAsync(`${room}/target`, { qos: 1, nl: true });
  await client.subscribeAsync([`${room}/temperature`, `${room}/target/set`], { qos: 1 });
  return client;
}
