// The house: a broker with users and rules, a web page that talks to it, two services and two PLCs.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { auth, hashPassword } from '@sluice/auth';
import { createBroker } from '@sluice/core';
import { attachWebSocket } from '@sluice/server';
import type { MqttClient } from 'mqtt';
import { disconnectDevice } from './device.ts';
import { startHeating } from './heating.ts';
import { startLogger } from './logger.ts';
import { servePages } from './pages.ts';
import { startPlcHeating } from './plc-heating.ts';
import { startPlcLights } from './plc-lights.ts';
import { rules } from './rules.ts';

/** Passwords of the users in the rules. */
export type Passwords = Readonly<Record<'anna' | 'plc' | 'service', string>>;

export interface HouseOptions {
  /** For the page, and MQTT over WebSocket at /mqtt. */
  readonly port: number;
  /** For MQTT over TCP. */
  readonly mqttPort: number;
  readonly passwords: Passwords;
  /** Milliseconds between two measurements of the simulated PLC. */
  readonly tickMs: number;
}

export async function start({ port, mqttPort, passwords, tickMs }: HouseOptions) {
  const users = await Promise.all(
    Object.entries(passwords).map(async ([name, password]) => ({
      name,
      password: await hashPassword(password),
    })),
  );
  const broker = await createBroker({ plugins: [auth({ users: { users }, rules })] });
  broker.on('error', (error) => console.error(error));

  const web = createHttpServer(servePages);
  attachWebSocket(web, broker, { path: '/mqtt' });
  const tcp = createServer(broker.handle);
  const ports = [await listen(web, port), await listen(tcp, mqttPort)] as const;

  // Each could be a program, a machine of its own: they know nothing but where the broker is.
  const url = `mqtt://127.0.0.1:${ports[1]}`;
  const plc = { url, username: 'plc', password: passwords.plc };
  const service = { url, username: 'service', password: passwords.service };
  const devices: readonly MqttClient[] = [
    await startLogger(service),
    await startPlcHeating(plc, { tickMs }),
    await startPlcLights(plc),
    await startHeating(service),
  ];

  return {
    broker,
    devices,
    port: ports[0],
    mqttPort: ports[1],
    async close() {
      await Promise.all(devices.map(disconnectDevice));
      web.close();
      tcp.close();
      await broker.close({ graceMs: 2_000 });
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

if (process.argv[1] === import.meta.filename) {
  const [, , port = '8080', mqttPort = '1883'] = process.argv;
  const random = () => randomBytes(9).toString('base64url');
  const passwords = { anna: random(), plc: random(), service: random() };
  const ports = { port: Number(port), mqttPort: Number(mqttPort) };
  const house = await start({ ...ports, passwords, tickMs: 2_000 });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, house.close);
  console.log(`http://127.0.0.1:${house.port}: log in as anna, password ${passwords.anna}`);
}
