import { fileURLToPath } from 'node:url';
import type { Broker } from './broker.ts';
import { sluice } from './sluice.ts';

const server = fileURLToPath(new URL('../hook-server.js', import.meta.url));

/** Hooks that a QoS 0 message runs into on its way. */
const hooks = [
  'packetReceived',
  'publish',
  'authorizePublish',
  'route',
  'published',
  'authorizeDeliver',
  'deliver',
  'delivered',
  'packetSent',
];

/** Sluice with one synchronous hook that does nothing, once for each hook. */
export const sluiceHooks: readonly Broker[] = hooks.map((hook) => ({
  ...sluice,
  name: `sluice-${hook}`,
  peers: ['sluice'],
  command: ({ port }) => ({ program: process.execPath, arguments: [server, String(port), hook] }),
}));
