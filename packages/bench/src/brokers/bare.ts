import { fileURLToPath } from 'node:url';
import type { Broker } from './broker.ts';

const server = fileURLToPath(new URL('../bare-server.js', import.meta.url));

/** A Node server that answers CONNACK to whatever comes and nothing else: what a connection costs in Node itself. */
export const bare: Broker = {
  name: 'bare',
  peers: [],
  knownFaults: [],
  isRelay: false,
  unavailable: () => undefined,
  version: () => process.version,
  command: ({ port }) => ({ program: process.execPath, arguments: [server, String(port)] }),
};
