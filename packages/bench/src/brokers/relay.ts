import { fileURLToPath } from 'node:url';
import type { Broker } from './broker.ts';

const server = fileURLToPath(new URL('../relay-server.js', import.meta.url));

/** A Node server that forwards bytes and knows nothing of MQTT: what Node itself costs. */
export const relay: Broker = {
  name: 'relay',
  peers: [],
  knownFaults: [],
  isRelay: true,
  unavailable: () => undefined,
  version: () => process.version,
  command: ({ port, scenario }) => ({
    program: process.execPath,
    arguments: [server, String(port), String(scenario.relayPacketBytes)],
  }),
};
